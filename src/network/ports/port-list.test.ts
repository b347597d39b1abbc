/** Long lists of ports over HTTP: the same as short ones, and sent while they are read. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { openDatabase } from '#platform/db/database.ts';
import { startNetwork } from '../testing.ts';

const COUNT = 450;

/** A network service with many ports of red. `onRead` is called with every lot of ports that was read, and waited for. */
async function start(onRead: (ids: readonly unknown[]) => Promise<void> = async () => undefined) {
  const db = await openDatabase(':memory:');
  let told = false;
  const watched = db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      const { rows } = result;
      if (told && rows[0] && 'mac_address' in rows[0]) await onRead(rows.map((row) => row['id']));
      return result;
    },
  });
  const net = await startNetwork({ db: watched });
  const red = net.as('red');
  await net.as('ops:admin').put('/v2.0/quotas/red', { quota: { port: -1 } });
  const { id: network_id } = await red.make('network', { name: 'n' });
  await red.make('subnet', { network_id, ip_version: 4, cidr: '10.0.0.0/16' });
  const names = Array.from({ length: COUNT }, (_, index) => `p${(index * 7) % 11}`);
  const ports = names.map((name) => ({ network_id, name }));
  const made = await red.post('/v2.0/ports', { ports });
  const [first] = made.body.ports;
  await red.put(`/v2.0/ports/${first.id}/tags`, { tags: ['blue'] });
  told = true;
  const url = await net.app.listen({ host: '127.0.0.1', port: 0 });
  return {
    ...net,
    red,
    network_id,
    /** The answer to a list of all ports, of which nothing is read so far. */
    list: async (): Promise<IncomingMessage> => {
      const headers = { 'x-auth-token': 'red' };
      const request = get(`${url}/networking/v2.0/ports`, { headers });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return response;
    },
    async [Symbol.asyncDispose]() {
      await net[Symbol.asyncDispose]();
      await db.destroy();
    },
  };
}

test('a long list is what its pages are together', async () => {
  await using net = await start();
  for (const query of [
    '',
    'sort_key=name&sort_dir=desc&sort_key=id&sort_dir=asc',
    'fields=id&fields=name&fields=tags',
    `network_id=${net.network_id}&fields=fixed_ips&fields=id`,
    'not-tags=blue',
  ]) {
    const pages = [];
    for (let path = `/v2.0/ports?limit=100&${query}`; path !== '';) {
      const { ports, ports_links: links } = (await net.red.get(path)).body;
      pages.push(...ports);
      const next = links.find(({ rel }: { rel: string }) => rel === 'next');
      path = ports.length < 100 ? '' : String(next.href).replace(/^.*\/networking/, '');
    }
    const whole = (await net.red.get(`/v2.0/ports?${query}`)).body;
    assert.ok(whole.ports.length > 400, query);
    assert.deepEqual(whole, { ports: pages }, query);
  }
});

test('a long page has the links to the pages around it, forwards and backwards', async () => {
  await using net = await start();
  const ids = (await net.red.get('/v2.0/ports')).body.ports.map(({ id }: { id: string }) => id);
  for (const [query, wanted] of [
    [`limit=300&marker=${ids[49]}`, ids.slice(50, 350)],
    [`limit=300&marker=${ids[400]}&page_reverse=True`, ids.slice(100, 400)],
  ]) {
    const { ports, ports_links: links } = (await net.red.get(`/v2.0/ports?${query}`)).body;
    assert.deepEqual(
      ports.map(({ id }: { id: string }) => id),
      wanted,
    );
    assert.deepEqual(
      links.map(({ rel, href }: { rel: string; href: string }) => [
        rel,
        new URL(href).searchParams.get('marker'),
      ]),
      [
        ['next', wanted.at(-1)],
        ['previous', wanted[0]],
      ],
    );
  }
});

test('the first ports of a long list arrive before the last are read', async () => {
  const arrived = Promise.withResolvers<void>();
  let read = 0;
  await using net = await start(async (ids) => {
    if (read > 0) await arrived.promise;
    read += ids.length;
  });
  const response = await net.list();
  await once(response, 'readable');
  assert.ok(read < COUNT, `${read} of ${COUNT} were read`);
  arrived.resolve();
  const text = (await response.setEncoding('utf8').toArray()).join('');
  // One more is the DHCP server's.
  assert.equal(JSON.parse(text).ports.length, COUNT + 1);
});

test('a list that fails while it is sent does not look whole', async () => {
  let lots = 0;
  await using net = await start(async () => {
    lots += 1;
    if (lots === 3) throw new Error('the disk has gone');
  });
  const response = await net.list();
  assert.equal(response.statusCode, 200);
  await assert.rejects(response.toArray(), { code: 'ECONNRESET' });
});
