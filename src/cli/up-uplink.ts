/** What `stackyard up` is told of the way to the host and the outside, and whether it can be so. */
import { describeRange, findOverlap, hostRanges } from '#app/uplink/overlap.ts';
import { homeOf } from '#app/uplink/uplink-record.ts';
import { noOutboundProgram, outboundProgram } from '#app/uplink/outbound.ts';
import type { CloudConfig } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import {
  DEFAULT_HOST_LINK,
  parseHostLink,
  parsePublic,
  type UplinkWishes,
} from '#platform/uplink-config.ts';
import { isRoot, textOf } from './common.ts';
import type { VerbArgs } from './verbs.ts';

export function uplinkWishes(args: VerbArgs): UplinkWishes {
  const range = textOf(args, 'public');
  const link = textOf(args, 'host-link');
  const given = (name: string) => args.values[name] === true;
  if (link !== undefined && given('no-host-link')) throw both('host-link');
  if (given('outbound') && given('no-outbound')) throw both('outbound');
  if (link !== undefined && !isRoot()) {
    throw usage(
      "--host-link needs root: only root may change this host's network. Without it, 'stackyard exec' reaches floating IPs.",
    );
  }
  if (given('outbound') && given('no-host-link') && isRoot()) {
    throw usage('--outbound leads by the link to the host: leave --no-host-link out.');
  }
  return {
    publicCidrs: range === undefined ? [] : parsePublic(range),
    hostLink: link === undefined ? (given('no-host-link') ? 'none' : null) : parseHostLink(link),
    outbound: given('outbound') ? true : given('no-outbound') ? false : null,
  };
}

/** The same as words of a command line. */
export function uplinkWords({ publicCidrs, hostLink, outbound }: UplinkWishes): readonly string[] {
  return [
    ...(publicCidrs.length > 0 ? [`--public=${publicCidrs.join(',')}`] : []),
    ...(hostLink === 'none' ? ['--no-host-link'] : []),
    ...(hostLink !== null && hostLink !== 'none'
      ? [`--host-link=${hostLink.name}=${hostLink.address}`]
      : []),
    ...(outbound === null ? [] : [outbound ? '--outbound' : '--no-outbound']),
  ];
}

/** Says before anything is made what could not be had anyway. */
export async function checkUplink({ stateDir, dataplane, uplink }: CloudConfig): Promise<void> {
  const { publicCidrs, hostLink, outbound } = uplink;
  if (dataplane !== 'linux') {
    if (outbound === true || (hostLink !== null && hostLink !== 'none')) {
      throw usage('A pretended network has no way to the host or out: use --dataplane linux.');
    }
    return;
  }
  if (outbound === true && !isRoot() && outboundProgram() === undefined) throw noOutboundProgram();
  const link = hostLink ?? (isRoot() && publicCidrs.length > 0 ? DEFAULT_HOST_LINK : 'none');
  const wanted = [
    ...publicCidrs.map((cidr) => ({ cidr, what: 'public network', way: '--public RANGE' })),
    ...(link === 'none'
      ? []
      : [{ cidr: link.address, what: 'link to the host', way: '--host-link NAME=ADDRESS/PREFIX' }]),
  ];
  if (wanted.length === 0) return;
  const ranges = await hostRanges(homeOf(stateDir), AbortSignal.timeout(10_000));
  for (const { cidr, what, way } of wanted) {
    const range = findOverlap(cidr, ranges);
    if (range === undefined) continue;
    throw new Fault(
      'conflict',
      'RangeInUse',
      `The ${what} cannot have ${cidr}: it overlaps ${describeRange(range)}. Nothing was made. Choose another range with ${way}.`,
    );
  }
}

function both(name: string): Fault {
  return usage(`--${name} and --no-${name} exclude each other.`);
}

function usage(message: string): Fault {
  return new Fault('invalid', 'Usage', message);
}
