/** Can this machine run guests, and how fast? Found out by running one. */
import type { Finding, HostTool } from '#base/host/finding.ts';
import { missingTools, toolsFinding } from '../../host-tools.ts';
import type { CallOptions } from '../hypervisor.ts';
import { runProbeGuest } from './accelerator.ts';

/** Commands that running guests needs, with the reason for each. */
export const QEMU_HOST_TOOLS: readonly (HostTool & { readonly why: string })[] = [
  { command: 'qemu-system-x86_64', package: 'qemu-system-x86', why: 'runs the guests' },
  { command: 'qemu-img', package: 'qemu-utils', why: 'makes their disks' },
  { command: 'genisoimage', package: 'genisoimage', why: 'makes their config drives' },
  { command: 'setpriv', package: 'util-linux', why: 'runs them as an unprivileged user' },
];

/** The tools, and the engine that guests run on: KVM where it truly works, else TCG. */
export async function probeQemu(options: CallOptions): Promise<readonly Finding[]> {
  const tools = toolsFinding('commands for guests', QEMU_HOST_TOOLS);
  if (missingTools(QEMU_HOST_TOOLS).length > 0) return [tools];
  const program = 'qemu-system-x86_64';
  const noKvm = await runProbeGuest(program, 'kvm', null, options);
  const noTcg = noKvm === null ? null : await runProbeGuest(program, 'tcg', null, options);
  return [tools, engineFinding(noKvm, noTcg)];
}

/** Pure. Without KVM guests are slow, but nothing that was promised is missing. */
export function engineFinding(noKvm: string | null, noTcg: string | null): Finding {
  const subject = 'engine for guests';
  if (noKvm === null) return { subject, ok: true, said: 'KVM: a probe guest ran', remedy: null };
  if (noTcg === null) {
    const said = `TCG, in software and therefore slow; KVM does not work here: ${noKvm}`;
    return { subject, ok: true, said, remedy: null };
  }
  const said = `QEMU runs no guest: ${noTcg}`;
  return { subject, ok: false, said, remedy: 'apt-get install --reinstall qemu-system-x86' };
}
