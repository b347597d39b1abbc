/** The image service's tables. */
import type { Migration } from '../migrate.ts';

export const image: Migration = {
  number: 3,
  name: 'image',
  up: [
    // Sizes are bigint: PostgreSQL's integer ends at 2 GiB.
    `create table images (
      id text primary key,
      owner text,
      name text,
      status text not null,
      visibility text not null,
      protected integer not null,
      os_hidden integer not null,
      disk_format text,
      container_format text,
      min_disk integer not null,
      min_ram integer not null,
      size bigint,
      virtual_size bigint,
      checksum text,
      os_hash_algo text,
      os_hash_value text,
      blob text,
      created_at text not null,
      updated_at text not null,
      revision_number integer not null
    )`,
    `create index images_owner on images (owner)`,
    `create index images_created on images (created_at, id)`,
    `create index images_name on images (name)`,
    `create table image_properties (
      image_id text not null references images (id) on delete cascade,
      name text not null,
      value text,
      primary key (image_id, name)
    )`,
    `create index image_properties_value on image_properties (name, value)`,
    `create table image_tags (
      image_id text not null references images (id) on delete cascade,
      tag text not null,
      primary key (image_id, tag)
    )`,
    `create index image_tags_tag on image_tags (tag)`,
    `create table image_members (
      image_id text not null references images (id) on delete cascade,
      member_id text not null,
      status text not null,
      created_at text not null,
      updated_at text not null,
      primary key (image_id, member_id)
    )`,
    `create index image_members_member on image_members (member_id)`,
    `create table image_stages (
      image_id text primary key references images (id) on delete cascade,
      size bigint not null,
      checksum text not null,
      os_hash_algo text not null,
      os_hash_value text not null
    )`,
    `create table image_tasks (
      id text primary key,
      image_id text not null references images (id) on delete cascade,
      owner text,
      user_id text not null,
      request_id text not null,
      status text not null,
      input text not null,
      message text not null,
      created_at text not null
    )`,
    `create index image_tasks_image on image_tasks (image_id)`,
    `create table image_holds (
      image_id text not null,
      holder_id text not null,
      blob text not null,
      disk_format text not null,
      size bigint not null,
      primary key (image_id, holder_id)
    )`,
    `create index image_holds_blob on image_holds (blob)`,
  ],
};
