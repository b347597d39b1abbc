/** What is refused of flavors. */
import { Fault } from '#platform/fault.ts';

export const flavorExists = (what: 'name' | 'ID', value: string) =>
  new Fault('conflict', 'FlavorExists', `Flavor with ${what} ${value} already exists.`);

export const accessListOfPublic = () =>
  new Fault('not-found', 'HTTPNotFound', 'Access list not available for public flavors.');

export const accessToPublic = () =>
  new Fault('conflict', 'HTTPConflict', 'Can not add access to a public flavor.');

export const accessExists = (number: number, projectId: string) =>
  new Fault(
    'conflict',
    'FlavorAccessExists',
    `Flavor access already exists for flavor ${number} and project ${projectId} combination.`,
  );

export const accessNotFound = (number: number, projectId: string) =>
  new Fault(
    'not-found',
    'FlavorAccessNotFound',
    `Flavor access not found for ${number} / ${projectId} combination.`,
  );

export const extraSpecNotFound = (id: string, key: string) =>
  new Fault(
    'not-found',
    'FlavorExtraSpecsNotFound',
    `Flavor ${id} has no extra specs with key ${key}.`,
  );
