/** Looks for the host's commands that this program runs. */
import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Finding, HostTool } from '#base/host/finding.ts';

/** The tools that are in none of the folders where commands are looked for. */
export function missingTools(
  tools: readonly HostTool[],
  path: string = process.env['PATH'] ?? '',
): readonly HostTool[] {
  const folders = new Set([...path.split(':'), '/usr/local/sbin', '/usr/sbin', '/usr/bin']);
  folders.add('/sbin').add('/bin').delete('');
  return tools.filter(
    ({ command }) =>
      !(isAbsolute(command)
        ? isExecutable(command)
        : [...folders].some((folder) => isExecutable(join(folder, command)))),
  );
}

/** One finding for a set of tools: which are missing, and the command that installs them. */
export function toolsFinding(subject: string, tools: readonly HostTool[]): Finding {
  const missing = missingTools(tools);
  if (missing.length === 0) {
    return { subject, ok: true, said: `found ${names(tools)}`, remedy: null };
  }
  const packages = [...new Set(missing.map((tool) => tool.package))].join(' ');
  return {
    subject,
    ok: false,
    said: `not found: ${names(missing)}`,
    remedy: `apt-get install -y --no-install-recommends ${packages} (as root)`,
  };
}

function names(tools: readonly HostTool[]): string {
  return tools.map((tool) => tool.command).join(', ');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
