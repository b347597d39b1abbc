/** Cards of a running guest: looked at, plugged in and pulled out. QEMU itself is the only record of them. */
import type { NicSpec } from '#base/host/domain.ts';
import { isJsonObject } from '#base/json.ts';
import { mustPlug } from '../domain-spec.rules.ts';
import { nicUnplugTimeout } from '../hypervisor.faults.ts';
import type { CallOptions } from '../hypervisor.ts';
import { card, cardId, netdev, netdevId, parseCardId } from './nic-devices.ts';
import { isQmpRefusal, type QmpConnection } from './qmp/connection.ts';

export type PluggedCard = { readonly slot: number; readonly portId: string };

/** How long QEMU is given to take back what a call that failed has half done. */
const UNDO_MS = 10_000;
const LOOK_AGAIN_MS = 100;
/** A guest that is still booting drops the request; QEMU lets us repeat it after 5 s. */
const ASK_AGAIN_MS = 1_000;

/** The guest's cards in the order of their slots. */
export async function listCards(
  qmp: QmpConnection,
  options: CallOptions,
): Promise<readonly PluggedCard[]> {
  const devices = await qmp.execute('qom-list', { path: '/machine/peripheral' }, options);
  if (!Array.isArray(devices)) return [];
  return devices
    .map((device) => (isJsonObject(device) ? device['name'] : undefined))
    .map((name) => (typeof name === 'string' ? parseCardId(name) : null))
    .filter((found) => found !== null)
    .toSorted((a, b) => a.slot - b.slot);
}

/** Plugs the card in, or leaves it when it is in its slot already. */
export async function plugCard(
  qmp: QmpConnection,
  nic: NicSpec,
  options: CallOptions,
): Promise<void> {
  if (!mustPlug(nic, await listCards(qmp, options))) return;
  await using undo = new AsyncDisposableStack();
  // An agent that was killed may have left the tap's end without its card, or with another tap.
  await removeNetdev(qmp, nic.portId, options);
  await qmp.execute('netdev_add', netdev(nic), options);
  undo.defer(() => removeNetdev(qmp, nic.portId, { signal: AbortSignal.timeout(UNDO_MS) }));
  await qmp.execute('device_add', card(nic), options);
  undo.move();
}

/**
 * Pulls the port's card out and waits until the guest has let go of it. Guests may ignore the
 * request, above all while they boot, so it is repeated until `timeoutMs` have passed.
 */
export async function unplugCard(
  qmp: QmpConnection,
  portId: string,
  timeoutMs: number,
  options: CallOptions,
): Promise<void> {
  const plugged = (await listCards(qmp, options)).find((each) => each.portId === portId);
  if (plugged) await waitUntilGone(qmp, plugged, timeoutMs, options);
  await removeNetdev(qmp, portId, options);
}

async function waitUntilGone(
  qmp: QmpConnection,
  plugged: PluggedCard,
  timeoutMs: number,
  options: CallOptions,
): Promise<void> {
  const id = cardId(plugged);
  const until = performance.now() + timeoutMs;
  let askAt = 0;
  while (performance.now() < until) {
    const seen = qmp.eventCount;
    if (performance.now() >= askAt) {
      await askToLetGo(qmp, id, options);
      askAt = performance.now() + ASK_AGAIN_MS;
    }
    await qmp.nextEvent(seen, LOOK_AGAIN_MS, options.signal);
    const cards = await listCards(qmp, options);
    if (!cards.some((each) => each.portId === plugged.portId)) return;
  }
  throw nicUnplugTimeout(plugged.portId, timeoutMs);
}

async function askToLetGo(qmp: QmpConnection, id: string, options: CallOptions): Promise<void> {
  try {
    await qmp.execute('device_del', { id }, options);
  } catch (cause) {
    const goesOn =
      isQmpRefusal(cause, 'in the process of unplug') || isQmpRefusal(cause, 'not found');
    // A guest without ACPI answers at its own pace; the blinking light means that it has been asked.
    if (!goesOn && !isQmpRefusal(cause, 'guest is busy')) throw cause;
  }
}

async function removeNetdev(
  qmp: QmpConnection,
  portId: string,
  options: CallOptions,
): Promise<void> {
  try {
    await qmp.execute('netdev_del', { id: netdevId(portId) }, options);
  } catch (cause) {
    if (!isQmpRefusal(cause, 'not found')) throw cause;
  }
}
