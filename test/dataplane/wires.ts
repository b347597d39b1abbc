/** Frames in and out of real taps, held open by a real QEMU without a guest. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { start } from '../../src/drivers/run.ts';
import { until } from './check.ts';

/** One tap, and what came out of it so far. */
export type Wire = {
  /** Sends a frame into the tap, as a guest would. */
  readonly send: (frame: Buffer) => void;
  /** Everything that the guest would have seen, oldest first. */
  readonly received: Buffer[];
  /** Calls back whenever something has come. */
  readonly onFrames: (listener: () => void) => void;
};

export type Wires = AsyncDisposable & {
  readonly wire: (tap: string) => Wire;
  readonly pid: number;
};

/** Holds the taps open, as `uid` when given, until the scope ends. */
export async function openWires(
  taps: readonly string[],
  options: { readonly directory: string; readonly uid: number | null },
): Promise<Wires> {
  const { directory, uid } = options;
  const sockets = join(directory, `wires-${taps[0] ?? ''}`);
  mkdirSync(sockets);
  const wires = new Map<string, Wire>();
  const servers: Server[] = [];
  const words: string[] = [];
  for (const [hub, tap] of taps.entries()) {
    const path = join(sockets, tap);
    servers.push(await listen(path, (socket) => wires.set(tap, wireOf(socket))));
    const netdevs = [
      `tap,id=tap${hub},ifname=${tap},script=no,downscript=no`,
      `hubport,id=tapport${hub},hubid=${hub},netdev=tap${hub}`,
      `stream,id=wire${hub},server=off,addr.type=unix,addr.path=${path}`,
      `hubport,id=wireport${hub},hubid=${hub},netdev=wire${hub}`,
    ];
    words.push(...netdevs.flatMap((netdev) => ['-netdev', netdev]));
  }
  chmodSync(sockets, 0o777);
  const machine = ['-machine', 'none', '-nodefaults', '-display', 'none', '-monitor', 'none'];
  const qemu = ['qemu-system-x86_64', ...machine, ...words];
  const user = ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  const [command = '', ...args] = uid === null ? qemu : [...user, ...qemu];
  const child = start(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await until('QEMU holds all taps', () => {
    if (child.exitCode !== null) throw new Error(`QEMU ended: ${said}`);
    return wires.size === taps.length;
  });
  return {
    pid: child.pid ?? 0,
    wire: (tap) => {
      const wire = wires.get(tap);
      if (wire === undefined) throw new Error(`No wire leads to ${tap}.`);
      return wire;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
      for (const server of servers) server.close();
      rmSync(sockets, { recursive: true });
    },
  };
}

async function listen(path: string, connected: (socket: Socket) => void): Promise<Server> {
  const server = createServer(connected);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o777);
  return server;
}

/** QEMU's stream carries each frame behind its length, four bytes, most significant first. */
function wireOf(socket: Socket): Wire {
  const received: Buffer[] = [];
  const listeners: (() => void)[] = [];
  let rest = Buffer.alloc(0);
  socket.on('error', () => undefined); // QEMU was ended
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      received.push(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
    for (const listener of listeners) listener();
  });
  const send = (frame: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    socket.write(Buffer.concat([length, frame]));
  };
  return { send, received, onFrames: (listener) => void listeners.push(listener) };
}

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/** An EtherType that nothing on the way understands: for local experiments. */
export const TEXT_ETHERTYPE = 0x88b5;

/** A frame with a text in it, filled up to `size` bytes when given (its 14 bytes of header too). */
export function textFrame(from: string, to: string, text: string, size = 60): Buffer {
  return frameOf(from, to, TEXT_ETHERTYPE, Buffer.from(text), size);
}

export function frameOf(
  from: string,
  to: string,
  type: number,
  payload: Buffer,
  size = 60,
): Buffer {
  const header = Buffer.concat([macBytes(to), macBytes(from), Buffer.alloc(2)]);
  header.writeUInt16BE(type, 12);
  const frame = Buffer.concat([header, payload]);
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, size - frame.length))]);
}

/** The texts of the frames that came out of a wire. */
export function textsOf(wire: Wire): readonly string[] {
  return wire.received
    .filter((frame) => frame.readUInt16BE(12) === TEXT_ETHERTYPE)
    .map((frame) => frame.subarray(14).toString().replace(/\0+$/, ''));
}

export async function untilText(wire: Wire, text: string): Promise<void> {
  await until(`the frame '${text}' has come`, () => textsOf(wire).includes(text));
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
