/** `kill -9` of the agent, alone or with control, between changes of rules: what is wanted comes in force, with no gap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROWS, NOTHING_ON_HOST, onHost, rowsOf } from '../support/leftovers.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

type Part = 'control' | 'agent';

const VICTIMS: readonly (readonly Part[])[] = [['agent'], ['control', 'agent']];
const NETWORKING = '/networking/v2.0';
/** How many rules are asked for at once, and after how many answers the blow falls. */
const RULES = 12;
const ANSWERED = 4;

/** What rules and members there are: ids of rules, sorted, and IPv4 addresses of members by group. */
type Firewall = {
  readonly rules: readonly string[];
  readonly members: Readonly<Record<string, readonly string[]>>;
};

const NONE: Firewall = { rules: [], members: {} };

type Item = {
  readonly rule?: { readonly chain: string; readonly comment?: string };
  readonly set?: { readonly name: string; readonly elem?: readonly string[] };
};

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** What the kernel holds. */
async function inForce(cloud: RealCloud): Promise<Firewall> {
  const ruleset = JSON.parse(await cloud.inYard('nft', '--json', 'list', 'ruleset')) as {
    nftables: readonly Item[];
  };
  const rules: string[] = [];
  const members: Record<string, readonly string[]> = {};
  for (const { rule, set } of ruleset.nftables) {
    if (rule?.chain.startsWith('group-') === true)
      rules.push(UUID.exec(rule.comment ?? '')?.[0] ?? rule.chain);
    const group = /^members-(.{36})-4$/.exec(set?.name ?? '')?.[1];
    if (group !== undefined) members[group] = (set?.elem ?? []).toSorted();
  }
  return { rules: rules.toSorted(), members };
}

/** A web server, which lets in a database server and whatever more rules say, and nobody else. */
class Site {
  readonly #cloud: RealCloud;
  readonly demo: Demo;
  #groups: Readonly<Record<'web' | 'db', string>> = { web: '', db: '' };
  #webPort = '';

  constructor(cloud: RealCloud) {
    this.#cloud = cloud;
    this.demo = new Demo(cloud);
  }

  async begin(): Promise<void> {
    this.#groups = { web: await this.#makeGroup('web'), db: await this.#makeGroup('db') };
    await this.addRule({ remote_group_id: this.#groups.db });
    await this.#boot('db', 'db');
    this.#webPort = await this.#boot('web', 'web');
  }

  async end(): Promise<void> {
    for (const name of ['web', 'db']) {
      await this.demo.delete((await this.demo.find(name))?.id ?? '');
    }
  }

  /** What should be in force. */
  async wanted(): Promise<Firewall> {
    const { web, db } = this.#groups;
    const { security_group_rules } = await this.#get('security-group-rules');
    const { ports } = await this.#get('ports?device_owner=compute:nova');
    const addresses = (
      ports as { security_groups: string[]; fixed_ips: { ip_address: string }[] }[]
    )
      .filter((port) => port.security_groups.includes(db))
      .map((port) => port.fixed_ips[0]?.ip_address ?? '');
    return {
      rules: (security_group_rules as { id: string; security_group_id: string }[])
        .filter((rule) => [web, db].includes(rule.security_group_id))
        .map(({ id }) => id)
        .toSorted(),
      members: { [db]: addresses.toSorted() },
    };
  }

  async addRule(fields: object): Promise<string> {
    const rule = { security_group_id: this.#groups.web, direction: 'ingress', ...fields };
    return (await this.#make('security-group-rule', rule)).id;
  }

  /** Asks for many changes at once, half of which take away what is there. Resolves when some were answered. */
  async changeRules(old: readonly string[]): Promise<{ readonly rest: Promise<unknown> }> {
    const client = await this.demo.client();
    const asked = Array.from({ length: RULES }, async (_, index) => {
      const rule = { protocol: 'tcp', port_range_min: 1000 + index, port_range_max: 1000 + index };
      const gone = old[index];
      await (gone === undefined
        ? this.addRule(rule)
        : client.send('DELETE', `${NETWORKING}/security-group-rules/${gone}`));
    });
    let answered = 0;
    const some = Promise.withResolvers<void>();
    for (const one of asked) {
      void one.then(() => (answered += 1) === ANSWERED && some.resolve()).catch(() => undefined);
    }
    await some.promise;
    return { rest: Promise.allSettled(asked) };
  }

  async setGroups(names: readonly ('web' | 'db')[]): Promise<void> {
    const client = await this.demo.client();
    const security_groups = names.map((name) => this.#groups[name]);
    const path = `${NETWORKING}/ports/${this.#webPort}`;
    const { status, text } = await client.send('PUT', path, { port: { security_groups } });
    assert.equal(status, 200, text);
  }

  /** Waits until what is wanted is in force. Meanwhile `steady` rules, which nobody touches, are always there. */
  async converges(steady: readonly string[]): Promise<void> {
    let is = NONE;
    let wanted = NONE;
    let lost: readonly string[] = [];
    const done = async () => {
      is = await inForce(this.#cloud);
      wanted = await this.wanted();
      lost = steady.filter((id) => !is.rules.includes(id));
      return lost.length > 0 || JSON.stringify(is) === JSON.stringify(wanted);
    };
    await waitFor('what is wanted is in force', done, 15_000, 20).catch(() =>
      assert.deepEqual(is, wanted, this.#cloud.logs()),
    );
    assert.deepEqual(lost, []);
    const { ports } = await this.#get('ports?status=ERROR');
    assert.deepEqual(ports, []);
  }

  async #boot(name: string, group: 'web' | 'db'): Promise<string> {
    const network_id = await this.demo.networkId();
    const security_groups = [this.#groups[group]];
    const port = await this.#make('port', { network_id, security_groups });
    await this.demo.boot({ name, networks: [{ port: port.id }] });
    return port.id;
  }

  async #makeGroup(name: string): Promise<string> {
    return (await this.#make('security-group', { name })).id;
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  async #make(kind: string, fields: object): Promise<any> {
    const client = await this.demo.client();
    return await client.make(`${NETWORKING}/${kind}s`, { [kind.replaceAll('-', '_')]: fields });
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  async #get(what: string): Promise<any> {
    return await (await this.demo.client()).get(`${NETWORKING}/${what}`);
  }
}

test('the agent is killed between changes of rules', { timeout: 120_000 }, async (t) => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  const site = new Site(cloud);
  await site.begin();
  await site.converges([]);
  const strike = async (victims: readonly Part[]) => {
    await Promise.all(victims.map(async (part) => await cloud.kill(part)));
    // What is in force outlives those who brought it there.
    assert.notDeepEqual(await inForce(cloud), NONE);
    if (victims.includes('control')) await cloud.up();
  };

  for (const victims of VICTIMS) {
    const who = victims.join(' and ');
    await t.test(`${who}, while many rules come and go`, async () => {
      const steady = (await site.wanted()).rules;
      const old: string[] = [];
      for (let port = 1; port <= RULES / 2; port += 1) {
        const ports = { port_range_min: port, port_range_max: port };
        old.push(await site.addRule({ protocol: 'udp', ...ports }));
      }
      const { rest } = await site.changeRules(old);
      await strike(victims);
      await rest;
      await site.converges(steady);
    });

    await t.test(
      `${who}, when a port has just got another group, and when it lost it`,
      async () => {
        const steady = (await site.wanted()).rules;
        for (const groups of [['web', 'db'], ['web']] as const) {
          await site.setGroups(groups);
          await strike(victims);
          await site.converges(steady);
        }
      },
    );
  }

  await t.test('nothing is left', async () => {
    await site.end();
    await waitFor('no rules are left', async () => (await inForce(cloud)).rules.length === 0);
    assert.deepEqual(await inForce(cloud), NONE);
    await waitFor('the host is empty', async () =>
      Object.values(await onHost(cloud)).every((held) => held.length === 0),
    ).catch(async () => assert.deepEqual(await onHost(cloud), NOTHING_ON_HOST));
    await cloud.down();
    assert.deepEqual(await rowsOf(cloud), NO_ROWS);
  });
});
