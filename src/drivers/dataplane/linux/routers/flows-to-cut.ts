/** Which of a router's flows must end when its translation changes: pure, from how it was and how it is to be. */
import { isIPv4 } from 'node:net';
import type { FloatingIpSpec, PortForwardingSpec, RouterSpec } from '#base/host/routers.ts';
import { snatAddress } from './nat-table.ts';

export type FlowsToCut = {
  /** What follows `-D` in lines for `conntrack --load-file`. */
  readonly lines: readonly string[];
  /** Flows to these ports, which `conntrack` cannot be told as ranges. */
  readonly forwardings: readonly PortForwardingSpec[];
};

/**
 * A flow is translated for as long as it lasts as it was when it began. So those through a floating IP or forwarding
 * that goes are ended, and those to one that comes, which began when nobody was there.
 */
export function flowsToCut(was: RouterSpec, wanted: RouterSpec): FlowsToCut {
  const lines = new Set<string>();
  const pairs = differing(was.floatingIps, wanted.floatingIps, pairKey);
  for (const { floatingIp } of [...pairs.gone, ...pairs.come]) lines.add(`-d ${floatingIp}`);
  for (const { fixedIp, floatingIp } of pairs.gone) lines.add(`-s ${fixedIp} -q ${floatingIp}`);
  const [oldOwn, own] = [snatAddress(was), snatAddress(wanted)];
  const [hadSnat, hasSnat] = [was.gateway?.snat === true, wanted.gateway?.snat === true];
  if (oldOwn !== null && (oldOwn !== own || (hadSnat && !hasSnat))) lines.add(`-q ${oldOwn}`);
  if (own !== null && hasSnat && (oldOwn !== own || !hadSnat)) {
    // What left as it was. Flows between internal networks are not translated: they are known again by their next packet.
    for (const subnet of internalSubnets(wanted)) lines.add(`-s ${subnet} -q ${subnet}`);
  }
  const forwardings = differing(was.forwardings, wanted.forwardings, forwardingKey);
  return {
    lines: [...lines].map((line) => `-f ipv4 ${line}`),
    forwardings: [...forwardings.gone, ...forwardings.come],
  };
}

/** The same for single ports, from what `conntrack -L` says of a forwarding's protocol and floating IP. */
export function portsToCut(listed: string, forwarding: PortForwardingSpec): readonly string[] {
  const { floatingIp, protocol, externalPorts } = forwarding;
  const where = `-f ipv4 -p ${protocol} -d ${floatingIp}`;
  if (externalPorts === null) return [where];
  const ports = new Set<number>();
  for (const line of listed.split('\n')) {
    // The first of each is how the flow began.
    if (/ dst=(\S+)/.exec(line)?.[1] !== floatingIp) continue;
    const port = Number(/ dport=(\d+)/.exec(line)?.[1]);
    if (port >= externalPorts.first && port <= externalPorts.last) ports.add(port);
  }
  return [...ports].map((port) => `${where} --dport ${port}`);
}

function internalSubnets({ interfaces }: RouterSpec): readonly string[] {
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

function forwardingKey({ id: _id, ...rest }: PortForwardingSpec): string {
  return JSON.stringify(rest, Object.keys(rest).toSorted().concat('first', 'last'));
}
