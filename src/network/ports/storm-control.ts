/** Storm control as it is set on networks and ports: `{"broadcast": 100, "loop_action": "quarantine"}`. Pure. */
import { DEFAULT_STORM_CONTROL, type PacketRate, type StormControl } from '#base/host/firewall.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { pythonRepr, pythonStr } from '#base/text/python.ts';
import type { Reader } from '../attributes/attribute.ts';
import { integerBetween, nullAs, oneOf } from '../attributes/readers.ts';
import { invalidAttribute } from '../network.faults.ts';

/** All that can be set. Rates are in packets per second, 0 for no limit; the hold time in seconds, 0 until it is cleared. */
export type StormSettings = Readonly<Record<Kind | `${Kind}_burst`, number>> & {
  readonly loop_action: StormControl['loopAction'];
  readonly hold_time: number;
};

const KINDS = ['broadcast', 'multicast', 'unknown_unicast'] as const;
type Kind = (typeof KINDS)[number];

const MAX_RATE = 10_000_000;
const MAX_HOLD_SECONDS = 7 * 24 * 3600;

const READERS: Readonly<Record<string, Reader<number | string>>> = {
  ...Object.fromEntries(
    KINDS.flatMap((kind) => [
      [kind, noFlag(integerBetween(0, MAX_RATE))],
      [`${kind}_burst`, noFlag(integerBetween(0, 2 * MAX_RATE))],
    ]),
  ),
  loop_action: oneOf(['report', 'quarantine']),
  hold_time: noFlag(integerBetween(0, MAX_HOLD_SECONDS)),
};

/** Numbers may come as texts, since the `openstack` command has nothing else to send in a dictionary. */
export const readStormControl: Reader<Partial<StormSettings>> = nullAs({}, (sent, name) => {
  if (!isJsonObject(sent)) throw invalidAttribute(name, `'${pythonStr(sent)}' is not a dictionary`);
  const strange = Object.keys(sent).filter((key) => !Object.hasOwn(READERS, key));
  if (strange.length > 0) {
    throw invalidAttribute(
      name,
      `${pythonRepr(strange)} is none of ${pythonRepr(Object.keys(READERS))}`,
    );
  }
  return readSettings(sent, name);
});

/** Nobody sets a state but by clearing what the host has found. */
export const readStormState: Reader<'ok'> = (sent, name) => {
  if (sent === 'ok') return sent;
  throw invalidAttribute(
    name,
    `'${pythonStr(sent)}' cannot be set; 'ok' can, and clears a quarantine`,
  );
};

function readSettings(sent: JsonObject, name: string): Partial<StormSettings> {
  return Object.fromEntries(
    Object.entries(sent).map(([key, value]) => [key, READERS[key]?.(value, `${name}.${key}`)]),
  );
}

/** `true` is no number of packets, though Python takes it for 1. */
function noFlag(read: Reader<number>): Reader<number> {
  return (sent, name) => {
    if (typeof sent === 'boolean') {
      throw invalidAttribute(name, `'${pythonRepr(sent)}' is not an integer`);
    }
    return read(sent, name);
  };
}

const DEFAULTS: StormSettings = {
  broadcast: DEFAULT_STORM_CONTROL.broadcast?.rate ?? 0,
  broadcast_burst: DEFAULT_STORM_CONTROL.broadcast?.burst ?? 0,
  multicast: DEFAULT_STORM_CONTROL.multicast?.rate ?? 0,
  multicast_burst: DEFAULT_STORM_CONTROL.multicast?.burst ?? 0,
  unknown_unicast: DEFAULT_STORM_CONTROL.unknownUnicast?.rate ?? 0,
  unknown_unicast_burst: DEFAULT_STORM_CONTROL.unknownUnicast?.burst ?? 0,
  loop_action: DEFAULT_STORM_CONTROL.loopAction,
  hold_time: DEFAULT_STORM_CONTROL.holdSeconds,
};

/** What was set on a network over what is usual, and what was set on a port over that: JSON of their columns. */
export function mergeStormSettings(...columns: readonly string[]): StormSettings {
  return columns.reduce((settings, column) => over(settings, setOf(column)), DEFAULTS);
}

function setOf(column: string): Partial<StormSettings> {
  return column === '{}' ? {} : (JSON.parse(column) as Partial<StormSettings>);
}

/** A rate without a burst of its own gets twice its packets, since the burst of another rate says nothing about it. */
function over(settings: StormSettings, set: Partial<StormSettings>): StormSettings {
  const bursts = KINDS.flatMap((kind) => {
    const rate = set[kind];
    return rate === undefined ? [] : [[`${kind}_burst`, 2 * rate]];
  });
  return { ...settings, ...(Object.fromEntries(bursts) as Partial<StormSettings>), ...set };
}

/** What a host is to hold a port to. */
export function stormControlOf(
  network: { readonly storm_control: string },
  port: { readonly storm_control: string; readonly storm_clears: number },
): StormControl {
  const settings = mergeStormSettings(network.storm_control, port.storm_control);
  const rateOf = (kind: Kind): PacketRate | null =>
    settings[kind] === 0 ? null : { rate: settings[kind], burst: settings[`${kind}_burst`] };
  return {
    broadcast: rateOf('broadcast'),
    multicast: rateOf('multicast'),
    unknownUnicast: rateOf('unknown_unicast'),
    loopAction: settings.loop_action,
    holdSeconds: settings.hold_time,
    clears: port.storm_clears,
  };
}
