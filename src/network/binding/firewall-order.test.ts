/** What hosts are told when much changes at once, and what one more port among many costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { KyselyPlugin, PluginTransformQueryArgs, QueryId, RootOperationNode } from 'kysely';
import { openDatabase } from '#platform/db/database.ts';
import type { Db } from '#platform/db/tables.ts';
import { startFirewall } from './testing.ts';

test('changes that come at once end in what the rows say', async () => {
  await using net = await startFirewall();
  const [named, group] = [await net.group(), await net.group()];
  await net.port([group]);
  const ids = await Promise.all(Array.from({ length: 8 }, async () => await net.loose([named])));
  await Promise.all([
    net.rule(group, { remote_group_id: named }),
    ...ids.map(async (id, index) =>
      index % 2 === 0
        ? await net.put(id, { security_groups: [group] })
        : await net.red.delete(`/v2.0/ports/${id}`),
    ),
    net.rule(named, { remote_group_id: group }),
    net.port([named]),
  ]);
  const said = net.document();
  assert.equal((await net.reconcile()).changed, 0);
  assert.deepEqual(net.document(), said);
});

/** Holds back one answer of the database, until it is let go. */
class Holdup implements KyselyPlugin {
  readonly held = Promise.withResolvers<void>();
  readonly let = Promise.withResolvers<void>();
  #query: string | null | undefined;

  /** Of the next question who is in groups. */
  arm(): void {
    this.#query = null;
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    const asksMembers = node.kind === 'SelectQueryNode' && node.selections?.length === 1;
    if (this.#query === null && asksMembers && JSON.stringify(node).includes('Distinct')) {
      this.#query = queryId.queryId;
    }
    return node;
  }

  async transformResult<R>({ result, queryId }: { result: R; queryId: QueryId }): Promise<R> {
    if (queryId.queryId === this.#query) {
      this.held.resolve();
      await this.let.promise;
    }
    return result;
  }
}

test('a port that joins a group while its members are read is among them', async () => {
  const db = await openDatabase(':memory:');
  const holdup = new Holdup();
  await using net = await startFirewall({ db: db.withPlugin(holdup) });
  const [named, group] = [await net.group(), await net.group()];
  await net.port([group]);
  const id = await net.loose([]);
  holdup.arm();
  const ruled = net.rule(group, { remote_group_id: named });
  await holdup.held.promise;
  const joined = net.put(id, { security_groups: [named] });
  const shown = async () => (await net.red.get(`/v2.0/ports/${id}`)).body.port.security_groups;
  while ((await shown()).length === 0) await setImmediate();
  // Long enough for a telling that would not wait its turn.
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  holdup.let.resolve();
  await Promise.all([ruled, joined]);
  assert.deepEqual(net.members(), [id]);
  await db.destroy();
});

/** Counts what is asked of the database. */
class Counter implements KyselyPlugin {
  count = 0;

  transformQuery({ node }: { node: RootOperationNode }): RootOperationNode {
    this.count += 1;
    return node;
  }

  async transformResult<R>({ result }: { result: R }): Promise<R> {
    return result;
  }
}

/** Writes many more ports like one, of a project with no quota to keep. */
async function copies(db: Db, id: string, count: number): Promise<void> {
  const port = await db
    .selectFrom('ports')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const bindings = db.selectFrom('port_bindings').selectAll().where('port_id', '=', id);
  const binding = await bindings.executeTakeFirstOrThrow();
  const memberships = db.selectFrom('port_security_groups').selectAll().where('port_id', '=', id);
  const groups = await memberships.execute();
  await db.transaction().execute(async (tx) => {
    for (let number = 0; number < count; number += 1) {
      const digits = number.toString(16).padStart(4, '0');
      const port_id = `${digits}${id.slice(4)}`;
      const mac_address = `fa:16:3e:ff:${digits.slice(0, 2)}:${digits.slice(2)}`;
      await tx
        .insertInto('ports')
        .values({ ...port, id: port_id, project_id: 'blue', mac_address })
        .execute();
      await tx
        .insertInto('port_bindings')
        .values({ ...binding, port_id })
        .execute();
      await tx
        .insertInto('port_security_groups')
        .values(groups.map((row) => ({ ...row, port_id })))
        .execute();
    }
  });
}

test('one more port costs as much in a group of a thousand as in one of ten', async () => {
  const costs: unknown[] = [];
  for (const count of [10, 1000]) {
    const db = await openDatabase(':memory:');
    const counter = new Counter();
    await using net = await startFirewall({ db: db.withPlugin(counter) });
    const group = await net.group();
    await net.rule(group, { remote_group_id: group });
    await net.port([group]);
    await net.port([group], { 'binding:host_id': 'h2' });
    await copies(db, await net.loose([group]), count);
    await net.reconcile();
    assert.equal(net.members('h1').length, count + 3);
    counter.count = 0;
    const came = await net.heard(async () => await net.port([group]));
    const queries = counter.count;
    const port = came.find((change) => change.section === 'ports')?.id ?? '';
    const change = { allowed_address_pairs: [{ ip_address: '10.7.0.0/16' }] };
    const changed = await net.heard(async () => await net.put(port, change));
    const gone = await net.heard(async () => await net.red.delete(`/v2.0/ports/${port}`));
    const told = [came, changed, gone].map((changes) =>
      changes.map(({ host, section }) => `${host} ${section}`),
    );
    costs.push({ queries: [queries, counter.count], told });
    await db.destroy();
  }
  assert.deepEqual(costs[0], costs[1]);
  assert.deepEqual((costs[1] as { told: unknown }).told, [
    ['h1 members', 'h2 members', 'h1 ports', 'h1 networks', 'h2 networks'],
    ['h1 members', 'h2 members', 'h1 ports'],
    ['h1 ports', 'h1 members', 'h2 members', 'h1 networks', 'h2 networks'],
  ]);
});
