/** Which consoles there are, and where who has a token finds them. Pure. */
import { consoleTypeInvalid, consoleTypeUnavailable } from './console.faults.ts';
import type { ConsoleType } from '#base/host/console.ts';

/** What Nova calls a console, and what it is to the host. */
export const CONSOLE_TYPES = { novnc: 'vnc', serial: 'serial' } as const satisfies Readonly<
  Record<string, ConsoleType>
>;
export type ServedConsole = keyof typeof CONSOLE_TYPES;

/** Protocols of Nova's by the actions that asked for them before 2.6. */
export const CONSOLE_ACTIONS = {
  'os-getVNCConsole': 'vnc',
  'os-getSPICEConsole': 'spice',
  'os-getRDPConsole': 'rdp',
  'os-getSerialConsole': 'serial',
} as const;

/** The console that is asked for; throws when there is none like that. */
export function servedConsole(protocol: string, type: string): ServedConsole {
  if (protocol === 'rdp') throw consoleTypeUnavailable(protocol);
  if (protocol === 'vnc' && type === 'novnc') return type;
  if (protocol === 'serial' && type === 'serial') return type;
  throw protocol === 'vnc' || protocol === 'serial'
    ? consoleTypeInvalid(type)
    : consoleTypeUnavailable(type);
}

/** Where the door of each console is. */
export const CONSOLE_PATHS = { novnc: '/novnc/websockify', serial: '/serial' } as const;

/**
 * compat: as Nova's, the address of a screen is that of a page, with the place of the WebSocket as its parameter
 * `path`; that of a serial port is the WebSocket itself. Opened in a browser it is a page as well.
 */
export function consoleUrl(type: ServedConsole, token: string, origin: string): string {
  if (type === 'serial') {
    return `${origin.replace(/^http/, 'ws')}${CONSOLE_PATHS.serial}?token=${token}`;
  }
  const path = `${CONSOLE_PATHS.novnc.slice(1)}?token=${token}`;
  return `${origin}/novnc/vnc_auto.html?path=${encodeURIComponent(path)}`;
}
