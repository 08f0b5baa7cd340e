<?php

declare(strict_types=1);

namespace Drupal\causeway_demo\Contacts;

use Drupal\causeway\Snapshot\SnapshotsInterface;
use Symfony\Component\DependencyInjection\Attribute\Target;

/**
 * The contacts of the CRM's vendor.
 */
final class ContactBook implements ContactBookInterface {

  public function __construct(
    #[Target('crm')]
    private readonly SnapshotsInterface $contacts,
  ) {}

  /**
   * {@inheritdoc}
   */
  public function contact(string $id): ContactView {
    return $this->contacts->get('contact', $id, ContactView::class);
  }

}
