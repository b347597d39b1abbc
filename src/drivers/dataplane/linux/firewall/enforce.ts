/** Puts a change of the firewall in force: all of it in one transaction, or, when the kernel refuses, what it can of it. */
import { Fault } from '#platform/fault.ts';
import { NO_CHANGE, type DataplaneChange } from '../../dataplane.ts';
import { applyRules, type Commands } from '../kernel.ts';
import type { Firewall, FirewallChange } from './firewall.ts';

/**
 * Returns why ids were refused. What is refused stays as it was before, and does not keep the rest from being put in
 * force. `tapOf` tells the tap that a port has.
 */
export async function enforce(
  firewall: Firewall,
  change: DataplaneChange,
  tapOf: (portId: string) => string,
  commands: Commands,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Error>> {
  const wanted: FirewallChange = {
    ...change,
    absentPorts: change.absentPorts.map((id) => ({ id, tap: tapOf(id) })),
  };
  const attempt = async (one: FirewallChange, whole: boolean): Promise<unknown> => {
    try {
      const { text, settle } = firewall.plan(one, { whole });
      await applyRules(text, commands, signal);
      settle();
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return error ?? new Error('no reason was given');
    }
  };
  const failures = new Map<string, Error>();
  if ((await attempt(wanted, true)) === undefined) return failures;
  // Something in it is refused, or it is longer than a user without rights may send at once.
  const halve = async (pieces: readonly Piece[]): Promise<void> => {
    const error = await attempt(joinPieces(pieces), false);
    if (error === undefined) return;
    if (pieces.length === 1) {
      for (const { id } of pieces) failures.set(id, rulesFault(id, error));
      return;
    }
    const middle = Math.ceil(pieces.length / 2);
    await halve(pieces.slice(0, middle));
    await halve(pieces.slice(middle));
  };
  await halve(piecesOf(firewall.complete(wanted)));
  // What was found and is not wanted goes only when all that is wanted is there.
  if (failures.size === 0) await attempt(NOTHING, true);
  return failures;
}

/** What a change says of one id. */
type Piece = { readonly id: string; readonly change: Partial<FirewallChange> };

const NOTHING: FirewallChange = { ...NO_CHANGE, absentPorts: [] };

/** In an order in which what others are built on comes first, and goes last. */
const ORDER = [
  'networks',
  'addressGroups',
  'members',
  'groups',
  'ports',
  'absentPorts',
  'absentGroups',
  'absentMembers',
  'absentAddressGroups',
  'absentNetworks',
] as const satisfies readonly (keyof FirewallChange)[];

function piecesOf(change: FirewallChange): readonly Piece[] {
  return ORDER.flatMap((kind) =>
    change[kind].map((one): Piece => {
      const id = typeof one === 'string' ? one : one.id;
      return { id, change: { [kind]: [one] } };
    }),
  );
}

function joinPieces(pieces: readonly Piece[]): FirewallChange {
  const joined: Record<string, readonly unknown[]> = {};
  for (const kind of ORDER) {
    joined[kind] = pieces.flatMap(({ change }): readonly unknown[] => change[kind] ?? []);
  }
  return { ...NOTHING, ...joined };
}

function rulesFault(id: string, cause: unknown): Fault {
  const said = cause instanceof Fault && cause.message !== '' ? ` ${cause.message}` : '';
  const message = `The kernel refused the firewall rules of ${id}; those before are still in force.${said}`;
  return new Fault('internal', 'RulesRefused', message, { cause });
}
