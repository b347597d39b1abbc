/** Says to every host again what it should plug, and takes over again what hosts see, whatever was lost before. */
import type { Reconciler } from '#platform/reconcile/reconciler.ts';
import type { DesiredSync } from './host-sync.ts';
import type { PortStatus } from './port-status.ts';
import type { RouterStatus } from './router-status.ts';

export function portBindingReconciler(
  sync: DesiredSync,
  status: PortStatus,
  routerStatus: RouterStatus,
): Reconciler {
  return {
    name: 'port-binding',
    everyMs: 60_000,
    run: async (signal) => {
      const said = await sync.sayAll();
      signal.throwIfAborted();
      const checked = await status.checkAll();
      const routers = await routerStatus.checkAll();
      const changed = said.changed + checked.changed + routers.changed;
      return { seen: said.seen, changed, failed: [] };
    },
  };
}
