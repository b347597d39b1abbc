/** Bodies that ask for consoles. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';

export type RemoteConsoleBody = {
  readonly remote_console: { readonly protocol: string; readonly type: string };
};

const PROTOCOLS = ['vnc', 'spice', 'serial', 'rdp'];
const TYPES = ['novnc', 'xvpvnc', 'spice-html5', 'serial', 'rdp-html5'];

function remoteConsole(protocols: readonly string[], types: readonly string[]): Schema {
  return {
    type: 'object',
    properties: {
      remote_console: {
        type: 'object',
        properties: {
          protocol: { type: 'string', enum: protocols },
          type: { type: 'string', enum: types },
        },
        required: ['protocol', 'type'],
        additionalProperties: false,
      },
    },
    required: ['remote_console'],
    additionalProperties: false,
  };
}

/** From 2.6 on. */
export const REMOTE_CONSOLE: SchemaRanges = [
  [6, remoteConsole(PROTOCOLS, TYPES)],
  [8, remoteConsole([...PROTOCOLS, 'mks'], [...TYPES, 'webmks'])],
  [99, remoteConsole([...PROTOCOLS, 'mks'], [...TYPES, 'webmks', 'spice-direct'])],
];

const action = (name: string, types: readonly string[]): SchemaRanges => [
  [
    1,
    {
      type: 'object',
      properties: {
        [name]: {
          type: 'object',
          properties: { type: { type: 'string', enum: types } },
          required: ['type'],
          additionalProperties: false,
        },
      },
      required: [name],
      additionalProperties: false,
    },
  ],
];

/** Bodies of the actions that there were before 2.6. */
export const CONSOLE_ACTION_BODIES: Readonly<Record<string, SchemaRanges>> = {
  'os-getVNCConsole': action('os-getVNCConsole', ['novnc', 'xvpvnc']),
  'os-getSPICEConsole': action('os-getSPICEConsole', ['spice-html5']),
  'os-getSerialConsole': action('os-getSerialConsole', ['serial']),
};
