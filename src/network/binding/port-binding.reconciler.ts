/** Says to every host again what it should plug, and takes over again what hosts see, whatever was lost before. */
import type { Reconciler } from '#platform/reconcile/reconciler.ts';
import type { DesiredSync } from './host-sync.ts';
import type { PortStatus } from './port-status.ts';

export function portBindingReconciler(sync: DesiredSync, status: PortStatus): Reconciler {
  return {
    name: 'port-binding',
    everyMs: 60_000,
    run: async (signal) => {
      const said = await sync.sayAll();
      signal.throwIfAborted();
      const checked = await status.checkAll();
      return { seen: said.seen, changed: said.changed + checked.changed, failed: [] };
    },
  };
}
