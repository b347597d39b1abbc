/** Whether an amount fits. Pure: what is there and what is taken come in as arguments. */
import type { Inventory, ProviderUsage, Resources } from '../placement-api.ts';

/** The most that may be taken of an inventory in all. */
export function capacityOf({ total, reserved, allocationRatio }: Inventory): number {
  return Math.floor((total - reserved) * allocationRatio);
}

/** The first class of which there is not enough for `resources`; undefined when all of them fit. */
export function firstShortage(
  { inventories, used }: Pick<ProviderUsage, 'inventories' | 'used'>,
  resources: Resources,
): string | undefined {
  return Object.entries(resources).find(([name, amount]) => {
    if (amount === 0) return false;
    const inventory = inventories[name];
    if (!inventory) return true;
    const { minUnit, maxUnit, stepSize } = inventory;
    // compat: one consumer may never take more than max_unit, whatever the ratio promises.
    if (amount < minUnit || amount > maxUnit || amount % stepSize !== 0) return true;
    return (used[name] ?? 0) + amount > capacityOf(inventory);
  })?.[0];
}
