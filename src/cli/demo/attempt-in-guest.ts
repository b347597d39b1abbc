/** A script in a guest that may well fail. */
import type { Clients } from './clients.ts';

/** Its exit code and what it printed; throws only when the guest cannot be reached. */
export async function attemptInGuest(
  clients: Clients,
  server: string,
  script: string,
): Promise<{ code: number; stdout: string }> {
  const said = await clients.inGuest(server, `${script}; code=$?; echo; echo "ended with $code"`);
  const end = said.lastIndexOf('ended with ');
  return { code: Number(said.slice(end + 'ended with '.length)), stdout: said.slice(0, end) };
}
