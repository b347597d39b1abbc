/** The smallest guest that proves a CPU virtual: it switches to 64-bit mode with paging and says so. */

/** What the guest writes to its serial port when it got there. */
export const PROBE_SAYS = '64';

/**
 * The guest's instructions with what they do. Real mode alone proves nothing: there are hosts where it
 * is emulated and works, while a guest hangs as soon as it switches paging on.
 */
const PROGRAM: readonly (readonly [bytes: string, what: string])[] = [
  ['fc', 'cld'],
  ['31c0 8ec0', 'ax = es = 0'],
  ['bf0010 b90018 f3ab', 'three empty pages at 0x1000'],
  ['26c70600100320', 'level 4 at 0x1000 -> 0x2000, present and writable'],
  ['26c70600200330', 'level 3 at 0x2000 -> 0x3000'],
  ['26c70600308300', 'level 2 at 0x3000: the first 2 MiB as they are'],
  ['66b820000000 0f22e0', 'CR4: physical address extension'],
  ['66b800100000 0f22d8', 'CR3: the tables'],
  ['66b9800000c0 0f32 80cc01 0f30', 'EFER: long mode'],
  ['2e660f01167dff', 'load the segment table below'],
  ['0f20c0 660d01000080 0f22c0', 'CR0: protection and paging, now'],
  ['66ea5cff0f000800', 'jump to the 64-bit segment, next line'],
  ['66baf803 b036ee b034ee', 'write "64" to the serial port'],
  ['b0fee664', 'reset the machine by its keyboard controller'],
  ['f4ebfd', 'halt for ever'],
  ['0000000000000000 00000000009a2000', 'segments: none, 64-bit code'],
  ['0f00 6dff0f00', 'where the segments are, and how long'],
];

const ROM_BYTES = 64 * 1024;
/** The ROM ends at 1 MiB; the CPU begins 16 bytes before its end. */
const RESET_VECTOR = 0xfff0;
const PROGRAM_AT = 0xff00;
const JUMP_TO_PROGRAM = 'ea00ff00f0';

/** The guest as a BIOS image for a PC. */
export function probeRom(): Buffer {
  const rom = Buffer.alloc(ROM_BYTES);
  const program = PROGRAM.map(([bytes]) => bytes.replaceAll(' ', '')).join('');
  rom.write(program, PROGRAM_AT, 'hex');
  rom.write(JUMP_TO_PROGRAM, RESET_VECTOR, 'hex');
  return rom;
}

/** How the guest is run: with the machine and CPU of real guests, ending when it resets itself. */
export function probeArgv(rom: string, accelerator: 'kvm' | 'tcg', cpu: string): readonly string[] {
  const machine = ['-machine', 'q35', '-accel', accelerator, '-cpu', cpu, '-m', 'size=8M'];
  const alone = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'];
  return [...alone, ...machine, '-bios', rom, '-serial', 'stdio'];
}
