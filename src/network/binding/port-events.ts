/** Tells other services, within this process, what has become of ports that have a device. */
import type { Logger } from '#platform/log.ts';
import type { PortEvent } from '../network-api.ts';

export class PortEvents {
  readonly #listeners = new Set<(event: PortEvent) => void>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Call it after the commit. A listener that fails keeps nobody else from hearing. */
  emit(kind: PortEvent['kind'], port: { readonly id: string; readonly device_id: string }): void {
    if (port.device_id === '') return;
    const event = { kind, portId: port.id, deviceId: port.device_id };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (err) {
        this.#log.error({ err, ...event }, 'a listener to port events failed');
      }
    }
  }

  on(listener: (event: PortEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
