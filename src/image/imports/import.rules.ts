/** What an import request may ask for, and of which image. Pure. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import * as faults from '../image.faults.ts';
import type { Image } from '../images/image-model.ts';

/** The ways to get bytes into an image that there are, beside uploading them. */
export const IMPORT_METHODS: readonly string[] = ['glance-direct'];

/** The one store that there is; clients see its name in `stores`. */
export const STORE = 'file';

/** Returns the body when it asks for an import that there is. `storeHeader` is `x-image-meta-store`. */
export function checkImportBody(body: unknown, storeHeader: string | undefined): JsonObject {
  if (body === null || body === undefined) throw faults.bodyExpected();
  if (!isJsonObject(body)) throw faults.badImport("Import request requires a 'method' field.");
  const { method } = body;
  if (method === undefined) throw faults.badImport("Import request requires a 'method' field.");
  const name = isJsonObject(method) ? method['name'] : undefined;
  if (name === undefined) throw faults.badImport("Import request requires a 'name' field.");
  if (name === 'web-download' && isJsonObject(method)) {
    // Nothing is fetched from elsewhere: to the caller it is a site whose filter lets no address pass.
    const uri = method['uri'];
    throw faults.uriNotAllowed(typeof uri === 'string' ? uri : 'None');
  }
  if (typeof name !== 'string' || !IMPORT_METHODS.includes(name)) {
    const said = typeof name === 'string' ? name : JSON.stringify(name);
    throw faults.badImport(`Unknown import method name '${said}'.`);
  }
  for (const flag of ['all_stores_must_succeed', 'all_stores']) {
    if (body[flag] !== undefined && typeof body[flag] !== 'boolean') {
      throw faults.badImport(`'${flag}' must be boolean value only`);
    }
  }
  checkStores(body, storeHeader);
  return body;
}

function checkStores(body: JsonObject, storeHeader: string | undefined): void {
  if (body['all_stores'] === true) {
    if (body['stores'] === undefined && storeHeader === undefined) return;
    throw faults.badImport(
      "All_stores parameter can't be used with x-image-meta-store header or stores parameter",
    );
  }
  if (body['stores'] !== undefined && storeHeader !== undefined) {
    throw faults.badImport(
      "Stores parameter and x-image-meta-store header can't be both specified",
    );
  }
  const stores: unknown = body['stores'] ?? [storeHeader ?? STORE];
  if (!Array.isArray(stores)) throw faults.badImport("'stores' must be a list of store names");
  for (const store of stores as unknown[]) {
    if (store !== STORE) throw faults.unknownStoreOnImport(String(store));
  }
}

/** Throws when the image cannot be imported into; while bytes still arrive it is not staged yet. */
export function checkImportable(image: Image, staged: boolean): void {
  if (image.status === 'active') {
    throw faults.cannotImport('Image with status active cannot be target for import');
  }
  if (!staged) {
    throw faults.cannotImport("Image needs to be staged before 'glance-direct' method can be used");
  }
  for (const name of ['container_format', 'disk_format'] as const) {
    if (image[name] === null) {
      throw faults.cannotImport(`'${name}' needs to be set before import`);
    }
  }
}
