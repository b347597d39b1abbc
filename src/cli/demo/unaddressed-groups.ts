/** Security groups on ports without an address: what they let through, and that a rule which is gone stops it. */
import { attemptInGuest } from './attempt-in-guest.ts';
import type { Clients } from './clients.ts';
import { expect, type Report } from './report.ts';
import { lastLines, waitFor } from './scenario-interfaces.ts';
import type { ShownPort } from './topology.ts';

/** The group of the middle server's left port; its other port, like those of the others, is in `default`. */
export const GROUP = 'through';

/** Lets in what the scenario sends, and nothing else. */
export async function makeGroup(clients: Clients): Promise<void> {
  await clients.openstack('security', 'group', 'create', GROUP);
  await letIn(clients, '--protocol', 'icmp');
  await letIn(clients, '--protocol', 'tcp', '--dst-port', '5201');
}

/** Throws when a port has no groups on it, or is not what nobody has switched anything off for. */
export function expectFirewall(port: ShownPort): void {
  expect(port.port_security_enabled === true, `${port.id} has its port security off`);
  expect(port.security_group_ids?.length === 1, `${port.id} is not in one security group`);
}

/** `send` is the TCP stream of the scenario from end to end: returns what it has to say, or throws. */
export async function groupsHold(
  clients: Clients,
  report: Report,
  to: string,
  send: () => Promise<string>,
): Promise<void> {
  const rule = await ruleOf(clients, 'icmp');
  await report.try(
    'the rule that lets ping in goes: a ping that is running ends, a TCP stream still passes',
    `openstack security group rule delete ${rule}`,
    async () => {
      await clients.inGuest('first', `nohup ping -i 0.2 ${to} </dev/null >/tmp/ping 2>&1 &`);
      await waitFor('the ping to begin', async () => (await answers(clients)) > 2);
      await clients.openstack('security', 'group', 'rule', 'delete', rule);
      await waitFor('the running ping to be cut', async () => {
        const before = await answers(clients);
        await clients.inGuest('first', 'sleep 1');
        return (await answers(clients)) === before;
      });
      await expectDead(clients, to);
      return `the running ping is cut, a new one loses 100%; ${await send()}`;
    },
  );
  await report.try(
    'the rule is put back: the same ping goes on',
    `openstack security group rule create --protocol icmp ${GROUP}`,
    async () => {
      const before = await answers(clients);
      await letIn(clients, '--protocol', 'icmp');
      await waitFor('the ping to go on', async () => (await answers(clients)) > before + 2);
      await clients.inGuest('first', 'kill $(pidof ping)');
      return lastLines(await clients.inGuest('first', `ping -c 3 -W 5 ${to}`));
    },
  );
  await report.try(
    'the right port leaves the group whose members third lets in, and has no address to be known by: nothing passes',
    `openstack port set --no-security-group --security-group ${GROUP} middle-right`,
    async () => {
      await clients.openstack(...setGroup(GROUP));
      await expectDead(clients, to);
      return '100% packet loss';
    },
  );
  await report.try(
    'back in the group it is known by its MAC again: everything passes',
    'openstack port set --no-security-group --security-group default middle-right',
    async () => {
      await clients.openstack(...setGroup('default'));
      await waitFor('a ping to pass', async () => {
        return (await attemptInGuest(clients, 'first', `ping -c 1 -W 2 ${to}`)).code === 0;
      });
      const said = lastLines(await clients.inGuest('first', `ping -c 3 -W 5 ${to}`));
      return `${said}; ${await send()}`;
    },
  );
}

/** A host hears of a change after the client has: waits until nothing passes any more. */
async function expectDead(clients: Clients, to: string): Promise<void> {
  await waitFor('nothing to pass', async () => {
    const { stdout } = await attemptInGuest(clients, 'first', `ping -c 3 -W 2 ${to}`);
    return stdout.includes('100% packet loss');
  });
}

/** How many answers the ping that runs in the first server has got. */
async function answers(clients: Clients): Promise<number> {
  return Number(await clients.inGuest('first', 'grep -c "bytes from" /tmp/ping || true'));
}

async function letIn(clients: Clients, ...what: readonly string[]): Promise<void> {
  await clients.openstack('security', 'group', 'rule', 'create', '--ingress', ...what, GROUP);
}

async function ruleOf(clients: Clients, protocol: string): Promise<string> {
  type Row = { readonly ID: string; readonly 'IP Protocol': string | null };
  const rules = await clients.json<Row[]>('security', 'group', 'rule', 'list', GROUP);
  return rules.find((rule) => rule['IP Protocol'] === protocol)?.ID ?? '';
}

function setGroup(group: string): readonly string[] {
  return ['port', 'set', '--no-security-group', '--security-group', group, 'middle-right'];
}
