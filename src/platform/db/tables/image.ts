/** The tables of the image service. Columns are text and integer only; times are ISO text in UTC; booleans 0 and 1. */
import type { Flag } from '../tables.ts';

/** Statuses that are kept; Glance's others (`killed`, `deleted`, `pending_delete`, `importing`) never outlive a request here. */
export type ImageStatus = 'queued' | 'saving' | 'uploading' | 'active' | 'deactivated';
export type ImageVisibility = 'private' | 'public' | 'shared' | 'community';
export type MemberStatus = 'pending' | 'accepted' | 'rejected';

export interface ImageTables {
  images: {
    id: string;
    owner: string | null;
    name: string | null;
    status: ImageStatus;
    visibility: ImageVisibility;
    protected: Flag;
    os_hidden: Flag;
    disk_format: string | null;
    container_format: string | null;
    /** In GiB. */
    min_disk: number;
    /** In MiB. */
    min_ram: number;
    size: number | null;
    virtual_size: number | null;
    checksum: string | null;
    os_hash_algo: string | null;
    os_hash_value: string | null;
    /** The key of the bytes in the blob store; set from the moment an upload begins, and new for every upload. */
    blob: string | null;
    created_at: string;
    updated_at: string;
    revision_number: number;
  };
  image_properties: { image_id: string; name: string; value: string | null };
  image_tags: { image_id: string; tag: string };
  image_members: {
    image_id: string;
    member_id: string;
    status: MemberStatus;
    created_at: string;
    updated_at: string;
  };
  /** Bytes that were staged and wait to be imported. */
  image_stages: {
    image_id: string;
    size: number;
    checksum: string;
    os_hash_algo: string;
    os_hash_value: string;
  };
  /** Imports, as `/v2/images/{id}/tasks` shows them. */
  image_tasks: {
    id: string;
    image_id: string;
    owner: string | null;
    user_id: string;
    request_id: string;
    status: 'success' | 'failure';
    /** The body of the import request, as JSON. */
    input: string;
    message: string;
    created_at: string;
  };
  /**
   * Who still reads an image's bytes. A held blob outlives its image: a server's root disk is an
   * overlay on it. `image_id` is no foreign key for that reason.
   */
  image_holds: {
    image_id: string;
    holder_id: string;
    blob: string;
    disk_format: string;
    size: number;
  };
}
