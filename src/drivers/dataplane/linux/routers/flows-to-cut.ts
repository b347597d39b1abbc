/** Which of a router's flows must end when its translation changes: pure, from how it was and how it is to be. */
import { isIPv4 } from 'node:net';
import type { FloatingIpSpec, PortForwardingSpec, RouterSpec } from '#base/host/routers.ts';
import { snatAddress } from './nat-table.ts';

export type FlowsToCut = {
  /** What follows `-D` in lines for `conntrack --load-file`. */
  readonly lines: readonly string[];
  /** What can only be said in such lines once it is known which flows there are. */
  readonly choices: readonly Choice[];
};

export type Choice = {
  /** What follows `-L` for `conntrack`. */
  readonly listed: string;
  /** Lines for those flows in the list that must end. */
  readonly choose: (listed: string) => readonly string[];
};

/**
 * A flow is translated for as long as it lasts as it was when it began. So those through a floating IP or forwarding
 * that goes are ended, and those to one that comes, which began when nobody was there.
 */
export function flowsToCut(was: RouterSpec, wanted: RouterSpec): FlowsToCut {
  const lines = new Set<string>();
  const pairs = differing(was.floatingIps, wanted.floatingIps, pairKey);
  for (const { floatingIp } of [...pairs.gone, ...pairs.come]) lines.add(`${V4} -d ${floatingIp}`);
  for (const { fixedIp, floatingIp } of pairs.gone) {
    lines.add(`${V4} -s ${fixedIp} -q ${floatingIp}`);
  }
  const [oldOwn, own] = [snatAddress(was), snatAddress(wanted)];
  const [hadSnat, hasSnat] = [was.gateway?.snat === true, wanted.gateway?.snat === true];
  if (oldOwn !== null && (oldOwn !== own || (hadSnat && !hasSnat))) lines.add(`${V4} -q ${oldOwn}`);
  const isNew = hasSnat && was.gateway !== null && !hadSnat;
  const choices: Choice[] = isNew ? internalSubnets(wanted).map(untranslated) : [];
  const forwardings = differing(was.forwardings, wanted.forwardings, forwardingKey);
  for (const forwarding of [...forwardings.gone, ...forwardings.come]) {
    if (forwarding.externalPorts === null) lines.add(flowsTo(forwarding));
    else choices.push(toPorts(forwarding));
  }
  return { lines: [...lines], choices };
}

const V4 = '-f ipv4';

/** Those that left as they were. Flows between internal networks are, too: their next packet makes them known again. */
function untranslated(subnet: string): Choice {
  const choose = (listed: string) => {
    const some = readFlows(listed).filter(({ source, replyTo }) => source === replyTo);
    return [...new Set(some.map(({ source }) => `${V4} -s ${source} -q ${source}`))];
  };
  return { listed: `${V4} -s ${subnet}`, choose };
}

/** `conntrack` knows no ranges of ports. */
function toPorts(forwarding: PortForwardingSpec): Choice {
  const listed = flowsTo(forwarding);
  const { first = 0, last = 0 } = forwarding.externalPorts ?? {};
  const choose = (text: string) => {
    const some = readFlows(text).filter(({ port }) => port >= first && port <= last);
    return [...new Set(some.map(({ port }) => `${listed} --dport ${port}`))];
  };
  return { listed, choose };
}

function flowsTo({ protocol, floatingIp }: PortForwardingSpec): string {
  return `${V4} -p ${protocol} -d ${floatingIp}`;
}

/** How flows began, and to whom answers go, of lines such as `udp 17 29 src=... dst=... sport=... dport=... src=... dst=...`. */
function readFlows(listed: string) {
  return listed.split('\n').flatMap((line) => {
    const all = (name: string) =>
      [...line.matchAll(new RegExp(` ${name}=(\\S+)`, 'g'))].map(([, value = '']) => value);
    const [source] = all('src');
    const [, replyTo] = all('dst');
    if (source === undefined || replyTo === undefined) return [];
    return [{ source, replyTo, port: Number(all('dport')[0]) }];
  });
}

function internalSubnets({ interfaces }: RouterSpec): string[] {
  return interfaces
    .flatMap((one) => one.addresses)
    .filter((address) => isIPv4(address.split('/')[0] ?? ''));
}

function differing<T>(was: readonly T[], wanted: readonly T[], key: (one: T) => string) {
  const [before, after] = [new Set(was.map(key)), new Set(wanted.map(key))];
  return {
    gone: was.filter((one) => !after.has(key(one))),
    come: wanted.filter((one) => !before.has(key(one))),
  };
}

function pairKey({ floatingIp, fixedIp }: FloatingIpSpec): string {
  return `${floatingIp} ${fixedIp}`;
}

function forwardingKey(forwarding: PortForwardingSpec): string {
  const { protocol, floatingIp, externalPorts, internalIp, internalPorts } = forwarding;
  return JSON.stringify([protocol, floatingIp, externalPorts, internalIp, internalPorts]);
}
