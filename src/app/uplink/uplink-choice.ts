/** What a cloud's way to the host and the outside is: what this start asks for, and what earlier ones have. */
import { DEFAULT_HOST_LINK, type HostLink, type UplinkWishes } from '#platform/uplink-config.ts';
import { Fault } from '#platform/fault.ts';
import type { Db } from '#platform/db/tables.ts';
import { findSetting, setSetting } from '../setting.store.ts';

export type UplinkChoice = {
  /** Null for no link. */
  readonly hostLink: HostLink | null;
  /** Whether guests may begin to speak with what is outside. */
  readonly outbound: boolean;
};

/** What earlier starts have asked for. */
export type PastWishes = Pick<UplinkWishes, 'hostLink' | 'outbound'>;

const SETTING = 'uplink';

/** What stays true of wishes when new ones come. */
export function rememberedWishes(past: PastWishes, now: UplinkWishes, root: boolean): PastWishes {
  const asked = now.publicCidrs.length > 0 || now.outbound === true;
  return {
    // Who asks for a public network wants to reach it, unless somebody has said that the host is to be left alone.
    hostLink: now.hostLink ?? past.hostLink ?? (root && asked ? DEFAULT_HOST_LINK : null),
    outbound: now.outbound ?? past.outbound,
  };
}

export function choiceOf({ hostLink, outbound }: PastWishes): UplinkChoice {
  return { hostLink: hostLink === 'none' ? null : hostLink, outbound: outbound ?? false };
}

/** Takes up what this start asks for and keeps it for later ones. */
export async function chooseUplink(
  db: Db,
  now: UplinkWishes,
  root: boolean,
): Promise<UplinkChoice> {
  const text = await findSetting(db, SETTING);
  const past = text === undefined ? NOTHING_ASKED : (JSON.parse(text) as PastWishes);
  const wishes = rememberedWishes(past, now, root);
  if (root && wishes.outbound === true && wishes.hostLink === 'none') {
    throw new Fault(
      'invalid',
      'OutboundNeedsLink',
      'This cloud was started with --no-host-link, and servers get out by the link to the host: start it with --host-link, or with --no-outbound.',
    );
  }
  const next = JSON.stringify(wishes);
  if (next !== (text ?? JSON.stringify(NOTHING_ASKED))) await setSetting(db, SETTING, next);
  return choiceOf(wishes);
}

const NOTHING_ASKED: PastWishes = { hostLink: null, outbound: null };
