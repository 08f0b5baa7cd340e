<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Connection\Connections;
use Drupal\causeway\Connection\ConnectionsPass;
use Drupal\causeway\Connection\SecretReferences;
use Drupal\causeway\Exception\ConnectionException;
use Drupal\causeway\Exception\ExtensionMissingException;
use Drupal\causeway_test\Consumer;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;
use Symfony\Component\DependencyInjection\ContainerBuilder;

/**
 * Tests how a connections file becomes services.
 */
#[CoversClass(ConnectionsPass::class)]
#[CoversClass(Connections::class)]
#[CoversClass(ClientFactory::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class ConnectionsTest extends CausewayKernelTestBase {

  /**
   * Snapshots are injected by service, by target and by parameter name.
   */
  public function testInjection(): void {
    $consumer = $this->container->get(Consumer::class);
    $this->assertSame($this->container->get('causeway.snapshots.parts'), $consumer->byService);
    $this->assertSame($consumer->byService, $consumer->byTarget);
    $this->assertSame($this->container->get('causeway.snapshots.plain'), $consumer->plainSnapshots);
  }

  /**
   * Options come as they are in the file, also with percent signs.
   */
  public function testOptionsOfTheFile(): void {
    $connections = $this->container->get(Connections::class);
    $this->assertSame(['parts', 'plain'], $connections->ids());
    $this->assertSame(['parts'], $connections->withWebhook());
    $parts = $connections->get('parts');
    $this->assertSame('https://parts.example/a%20b/', $parts->options['base_uri']);
    $this->assertStringEndsWith('causeway_test/causeway_test.connections.yml', $parts->file);
    $this->assertSame(['parts:part:7', 'causeway:connection:parts'], $parts->tags('part', '7'));
  }

  /**
   * What settings.php says stands above the file, key by key.
   */
  public function testSettingsStandAboveTheFile(): void {
    $this->setCausewaySettings([
      'connections' => [
        'parts' => [
          'retry' => ['base_delay_ms' => 5],
          'webhook' => ['secrets' => ['literal'], 'refetch' => NULL],
        ],
      ],
    ]);
    $options = $this->container->get(Connections::class)->get('parts')->options;
    $this->assertSame(['max_attempts' => 2, 'base_delay_ms' => 5], $options['retry']);
    $this->assertSame(['scheme' => 'standard-webhooks', 'secrets' => ['literal']], $options['webhook']);
  }

  /**
   * An unknown connection is an error that names those that exist.
   */
  public function testUnknownConnection(): void {
    $this->expectException(ConnectionException::class);
    $this->expectExceptionMessage('No connection "nope" is declared; known: parts, plain.');
    $this->container->get(Connections::class)->get('nope');
  }

  /**
   * Without the extension a call is an exception that says what to install.
   */
  #[DataProvider('unusable')]
  public function testCallsNeedTheExtension(string|false $version, string $message): void {
    $this->pretendExtension($version);
    $this->expectException(ExtensionMissingException::class);
    $this->expectExceptionMessage($message);
    $this->container->get(ClientFactory::class)->client('parts');
  }

  /**
   * Versions that are of no use.
   */
  public static function unusable(): \Generator {
    yield 'missing' => [
      FALSE,
      'A call to "parts" needs the PHP extension "causeway" (0.1.0 or later, below 1.0.0): it is not loaded in cli',
    ];
    yield 'outdated' => ['0.0.9', 'version 0.0.9 is too old'];
    yield 'too new' => ['1.0.0', 'version 1.0.0 is too new'];
  }

  /**
   * A bad option names connection, file and field.
   */
  public function testBadOption(): void {
    $this->requireExtension();
    $this->setCausewaySettings(['connections' => ['parts' => ['retry' => ['max_attempts' => 'four']]]]);
    try {
      $this->container->get('causeway.client.parts');
      $this->fail('It was accepted.');
    }
    catch (ConnectionException $e) {
      $this->assertSame(['parts', 'retry.max_attempts'], [$e->connection, $e->field]);
      $this->assertStringContainsString('Connection "parts" (', $e->getMessage());
      $this->assertStringContainsString('causeway_test.connections.yml), option "retry.max_attempts"', $e->getMessage());
    }
  }

  /**
   * A client is the extension's own, one for each process.
   */
  public function testClient(): void {
    $this->requireExtension();
    putenv('PARTS_WEBHOOK=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    $client = $this->container->get('causeway.client.parts');
    $this->assertSame('parts', $client->name());
    $this->assertSame($client, $this->container->get(ClientFactory::class)->client('parts'));
  }

  /**
   * Files that cannot become services are refused when the container is built.
   */
  #[DataProvider('badFiles')]
  public function testBadFiles(string $yaml, string $message): void {
    $directory = $this->siteDirectory . '/bad';
    mkdir($directory);
    file_put_contents("$directory/bad.connections.yml", $yaml);
    $container = new ContainerBuilder();
    $container->setParameter('app.root', $this->siteDirectory);
    $container->setParameter('container.modules', ['bad' => ['pathname' => 'bad/bad.info.yml']]);
    $this->expectException(ConnectionException::class);
    $this->expectExceptionMessage($message);
    (new ConnectionsPass())->process($container);
  }

  /**
   * Files with a fault, and what is said.
   */
  public static function badFiles(): \Generator {
    yield 'no YAML' => ["a: [", 'not YAML'];
    yield 'no map' => ['text', 'must be a map of connections'];
    yield 'a name in capitals' => ['Crm: { base_uri: x }', 'a name is of small letters'];
    yield 'no options' => ['crm: text', 'must be a map of options'];
    yield 'a literal secret' => [
      'crm: { auth: { client_secret: abc } }',
      'option "auth.client_secret": must refer to a secret',
    ];
    yield 'a literal secret in a list' => [
      "crm: { webhook: { secrets: ['env:A', whsec_abc] } }",
      'option "webhook.secrets.1": must refer to a secret',
    ];
  }

  /**
   * The message about a literal secret does not repeat it.
   */
  public function testLiteralSecretIsNotShown(): void {
    try {
      SecretReferences::refuseLiterals('crm', 'file', ['auth' => ['client_secret' => 'hunter2']]);
      $this->fail('It was accepted.');
    }
    catch (ConnectionException $e) {
      $this->assertStringNotContainsString('hunter2', $e->getMessage());
    }
  }

}
