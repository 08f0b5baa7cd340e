<?php

/**
 * @file
 * Concepts of Causeway for authors of modules.
 */

/**
 * @defgroup causeway Causeway
 * @{
 * Vendors as injectable clients.
 *
 * A connection is declared in MODULE.connections.yml:
 * @code
 * crm:
 *   base_uri: 'https://crm.vendor.example/'
 *   webhook:
 *     scheme: standard-webhooks
 *     secrets: ['key:crm_webhook']
 *     refetch: { resource: contact, id: '/data/id' }
 *   resources:
 *     contact: { path: 'contacts/{id}', fresh_s: 900, cache_tags: ['crm:contact:{id}'] }
 *   backfills:
 *     contact: { path: contacts, items: '/items', id: '/id', cursor: { in: cursor, out: '/next' }, chunk: 500 }
 * @endcode
 * A new entry needs a cache rebuild. Secrets are references, 'env:NAME',
 * 'file:/path' or 'key:id' (of the Key module). What a site wants otherwise is
 * in its settings.php, merged key by key; NULL takes an option away, and here
 * a secret may be written out:
 * @code
 * $settings['causeway']['connections']['crm']['base_uri'] = 'http://…';
 * @endcode
 *
 * Services of a connection "crm":
 * - causeway.snapshots.crm, \Drupal\causeway\Snapshot\SnapshotsInterface: for
 *   pages. By #[Autowire(service: 'causeway.snapshots.crm')], #[Target('crm')],
 *   or a parameter $crmSnapshots. Works without the extension, too.
 * - causeway.client.crm, \Causeway\Client: for calls. Throws
 *   \Drupal\causeway\Exception\ExtensionMissingException without it.
 *
 * A class that implements \Drupal\causeway\Snapshot\SnapshotAwareInterface (a
 * trait does it) carries its snapshot's cache tags and max-age to the page:
 * @code
 * $contact = $this->crm->get('contact', $id, ContactView::class);
 * CacheableMetadata::createFromObject($contact)->applyTo($build);
 * @endcode
 * A page from snapshots expires with them, also in core's page cache, which
 * looks at Expires alone; a page from stale data is kept for
 * $settings['causeway']['stale_page_s'] seconds (5).
 *
 * The vendor posts webhooks to /causeway/webhook/crm. They are recorded at
 * once and processed by cron, or sooner by "dr causeway:work --keep-running":
 * the entity is fetched again by its id, its snapshot replaced, its cache tags
 * invalidated. \Drupal\causeway\Event\InboxEventApplied is dispatched in the
 * same transaction: what a subscriber writes with the site's database happens
 * exactly once.
 *
 * Cron sends writes that are due, too, erases payloads of what was done a week
 * ago, and deletes rows of what was done 30 days ago.
 * @code
 * $settings['causeway']['retention'] = ['payload_days' => 7, 'row_days' => 30];
 * @endcode
 *
 * After a restored backup the outbox must not send again what was sent since.
 * It pauses and says so in the status report when it finds the database older
 * than it was, which it knows by a mark outside of it: name a directory that is
 * writable and not restored with the database.
 * @code
 * $settings['causeway']['outbox_mark_dir'] = '/var/lib/example/causeway';
 * @endcode
 * Without it only a relay that was away for six hours pauses.
 *
 * @see \Drupal\causeway\Connection\Connections
 * @see \Drupal\causeway\Mapping\Mapper
 * @}
 */
