/** Every refusal of a hypervisor, real or fake, under one name. */
import type { ConsoleRef } from '#base/host/console.ts';
import type { NicSpec } from '#base/host/domain.ts';
import { Fault } from '#platform/fault.ts';

export const invalidDomainSpec = (what: string) =>
  new Fault('invalid', 'InvalidDomainSpec', `The server cannot be made: ${what}.`);

export const invalidDomainId = (id: string) =>
  new Fault('invalid', 'InvalidDomainId', `'${id}' is not a server's UUID.`);

export const domainNotRunning = (id: string, verb: string) =>
  new Fault('conflict', 'DomainNotRunning', `Server ${id} cannot be ${verb}: it does not run.`);

export const domainStuck = (id: string) =>
  new Fault(
    'unavailable',
    'DomainStuck',
    `Server ${id} is halted because its host cannot write its disk; most likely the host's disk is full.`,
  );

export const domainPaused = (id: string, portId: string) =>
  new Fault(
    'conflict',
    'DomainPaused',
    `Port ${portId} cannot be unplugged from server ${id} while it is paused: its guest has to let go of the card.`,
  );

export const domainStartFailed = (id: string, detail: Record<string, unknown>) =>
  new Fault(
    'internal',
    'DomainStartFailed',
    `The virtual machine of server ${id} could not be started on its host.`,
    { detail },
  );

export const consoleUnavailable = ({ server, type }: ConsoleRef, cause?: unknown) =>
  new Fault(
    'conflict',
    'ConsoleTypeUnavailable',
    `Server ${server} has no ${type} console. One that was started by an earlier version may get it by a hard reboot.`,
    { cause },
  );

export const screenPretended = (id: string) =>
  new Fault(
    'conflict',
    'ConsoleTypeUnavailable',
    `Server ${id} is only pretended to run and has no screen; it has a serial console.`,
  );

export const nicSlotInUse = (nic: NicSpec, portId: string) =>
  new Fault(
    'conflict',
    'NicSlotInUse',
    `Port ${nic.portId} cannot be plugged into slot ${nic.slot}: port ${portId} is there.`,
  );

export const nicPluggedElsewhere = (nic: NicSpec, slot: number) =>
  new Fault(
    'conflict',
    'NicPluggedElsewhere',
    `Port ${nic.portId} cannot be plugged into slot ${nic.slot}: it is in slot ${slot} already.`,
  );

export const nicUnplugTimeout = (portId: string, timeoutMs: number) =>
  new Fault(
    'conflict',
    'NicUnplugTimeout',
    `The guest did not let go of the network card of port ${portId} within ${timeoutMs / 1000} s. It may still be booting, or have no support for unplugging; try again, or reboot the server.`,
  );

export const tapMissing = (nic: NicSpec) =>
  new Fault(
    'unavailable',
    'TapMissing',
    `Port ${nic.portId} is not there on its host yet: interface '${nic.tap}' is missing.`,
  );
