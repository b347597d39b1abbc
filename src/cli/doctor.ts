/** `stackyard doctor`: each thing that the machine has or lacks, in one line, with the remedy. */
import type { Finding } from '#base/host/finding.ts';
import { probeDataplane } from '#drivers/dataplane/linux/probe.ts';
import { toolsFinding } from '#drivers/host-tools.ts';
import { probeQemu } from '#drivers/hypervisor/qemu/probe.ts';
import { TINY_IMAGE_HOST_TOOLS } from '#drivers/guest-image/tiny-image.ts';
import { probeYard } from '#drivers/yard/probe.ts';
import { probeUplink } from '#app/uplink/probe.ts';
import { isRoot, stateDirOf } from './common.ts';
import { CLIENT_TOOLS, IPV6 } from './needs.ts';
import { print } from './terminal.ts';
import type { VerbArgs } from './verbs.ts';

/** Exit code 1 when something is missing without which real guests on a real network cannot be. */
export async function doctor(args: VerbArgs): Promise<number> {
  const options = { signal: AbortSignal.timeout(120_000), stateDir: stateDirOf(args) };
  const needed = [
    node(),
    ...(await probeYard(options)),
    ...(await probeDataplane(options)),
    ...(await probeQemu(options)),
  ];
  const optional = [
    ...probeUplink(isRoot()),
    toolsFinding(IPV6.subject, IPV6.tools),
    toolsFinding('tools of the tiny image', TINY_IMAGE_HOST_TOOLS),
    toolsFinding('OpenStack clients (optional)', CLIENT_TOOLS),
  ];
  const findings = [...needed, ...optional];
  const healthy = needed.every(({ ok }) => ok);
  if (args.values['json'] === true) {
    print(JSON.stringify({ ok: healthy, findings }, null, 2));
  } else {
    for (const finding of findings) print(lineOf(finding));
    print();
    print(
      healthy
        ? 'Real guests on a real network can run here.'
        : 'Not all that real guests need is here. Without it: stackyard up --hypervisor fake --dataplane fake',
    );
  }
  return healthy ? 0 : 1;
}

function lineOf({ subject, ok, said, remedy }: Finding): string {
  const line = `${ok ? 'ok     ' : 'MISSING'}  ${subject}: ${said}`;
  return remedy === null ? line : `${line}\n         -> ${remedy}`;
}

function node(): Finding {
  return { subject: 'Node.js', ok: true, said: process.version, remedy: null };
}
