<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Unit\Testing;

use Causeway\Client;
use Causeway\Testing\Clock;
use Drupal\causeway\Testing\FakesVendorsTrait;
use Drupal\Tests\UnitTestCase;
use PHPUnit\Framework\Attributes\CoversTrait;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RequiresPhpExtension;

/**
 * The trait as a module's own tests use it.
 */
#[CoversTrait(FakesVendorsTrait::class)]
#[Group('causeway')]
#[RequiresPhpExtension('causeway')]
final class FakesVendorsTraitTest extends UnitTestCase {

  use FakesVendorsTrait;

  /**
   * A vendor that fails once is asked again, in frozen time.
   */
  public function testOneBadAnswerIsSurvived(): void {
    if (!filter_var(ini_get('causeway.testing'), FILTER_VALIDATE_BOOL)) {
      $this->markTestSkipped('Fakes want causeway.testing=1.');
    }
    $this->freezeTime(1_700_000_000_000);
    $this->fakeVendors()->on('catalog', 'GET', 'products/{id}')
      ->respond(503, headers: ['Retry-After' => '2'])
      ->respond(200, ['id' => 42]);
    $client = new Client('catalog', ['base_uri' => 'https://catalog.example/']);

    $this->assertSame(['id' => 42], $client->get('products/42')->json());
    $this->assertSentCount(2, 'catalog');
    $this->assertSame([2000], Clock::waits());
  }

}
