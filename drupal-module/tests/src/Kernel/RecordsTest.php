<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Kernel;

use Causeway\Exception\StoreException;
use Drupal\causeway\Connection\ClientFactory;
use Drupal\causeway\Store\Records;
use Drupal\causeway\Store\Schema;
use Drupal\Core\Database\Database;
use PHPUnit\Framework\Attributes\CoversClass;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;

/**
 * Tests what \Causeway\Store demands of a store.
 */
#[CoversClass(Records::class)]
#[Group('causeway')]
#[RunTestsInSeparateProcesses]
final class RecordsTest extends CausewayKernelTestBase {

  /**
   * The second insert of a key changes nothing, also inside a transaction.
   */
  public function testInsertsOnce(): void {
    $records = $this->records();
    $this->assertTrue($records->insert('inbox', self::record('a', ['payload' => "\0\xff'bytes"])));
    $this->assertFalse($records->insert('inbox', self::record('a', ['payload' => 'other', 'state' => 'done'])));
    $inserted = $records->atomically(fn (): array => [
      $records->insert('inbox', self::record('a')),
      $records->insert('inbox', self::record('b')),
    ]);
    $this->assertSame([FALSE, TRUE], $inserted);
    $read = $records->read('inbox', hash('sha256', 'a'));
    $this->assertSame("\0\xff'bytes", $read['payload']);
    $this->assertSame('pending', $read['state']);
    $this->assertNull($records->read('inbox', hash('sha256', 'b'))['payload']);
    $this->assertNull($records->read('outbox', hash('sha256', 'a')));
  }

  /**
   * A replacement needs the version that is stored, and raises it.
   */
  public function testReplacesOnlyTheVersionThatWasRead(): void {
    $records = $this->records();
    $records->insert('snapshot', self::record('a', ['payload' => 'one']));
    $this->assertTrue($records->replace('snapshot', self::record('a', ['state' => 'owed']), 1));
    $this->assertFalse($records->replace('snapshot', self::record('a', ['state' => 'lost', 'payload' => 'lost']), 1));
    $this->assertFalse($records->replace('snapshot', self::record('none'), 1));
    $read = $records->read('snapshot', hash('sha256', 'a'));
    $this->assertSame(['owed', 2, 'one'], [$read['state'], $read['version'], $read['payload']]);
    $this->assertTrue($records->replace('snapshot', self::record('a', ['payload' => 'two']), 2));
    $this->assertSame('two', $records->atomically(fn (): ?string => $records->read('snapshot', hash('sha256', 'a'))['payload']));
  }

  /**
   * Scope, label and time of creation are not for replacing.
   */
  public function testReplaceKeepsWhatNamesTheRecord(): void {
    $records = $this->records();
    $records->insert('snapshot', self::record('a'));
    $records->replace('snapshot', self::record('a', ['scope' => 'x', 'label' => 'y', 'created_at_ms' => 9]), 1);
    $read = $records->read('snapshot', hash('sha256', 'a'));
    $this->assertSame(['test', 'a', 1000], [$read['scope'], $read['label'], $read['created_at_ms']]);
  }

  /**
   * The oldest due record comes first; the future only when asked for.
   */
  public function testFindsWhatIsDue(): void {
    $records = $this->records();
    $now_ms = $records->nowMs();
    foreach (['late' => 2, 'early' => 1, 'other' => 0, 'future' => $now_ms + 60000] as $name => $due_ms) {
      $records->insert('inbox', self::record($name, [
        'due_at_ms' => $due_ms,
        'scope' => $name === 'other' ? 'x' : 'test',
        'payload' => 'p',
      ]));
    }
    $labels = static fn (array $found): array => array_column($found, 'label');
    $this->assertSame(['other', 'early', 'late'], $labels($records->find('inbox', ['pending'], NULL, $now_ms, 10)));
    $this->assertSame(['early', 'late', 'future'], $labels($records->find('inbox', ['pending', 'done'], 'test', NULL, 10)));
    $this->assertSame(['early'], $labels($records->find('inbox', ['pending'], 'test', $now_ms, 1)));
    $this->assertSame([], $records->find('inbox', [], NULL, NULL, 10));
    $this->assertNull($records->find('inbox', ['pending'], NULL, NULL, 1)[0]['payload']);
    $this->assertSame('p', $records->find('inbox', ['pending'], NULL, NULL, 1, TRUE)[0]['payload']);
    $after = ['due_at_ms' => 1, 'key' => hash('sha256', 'early')];
    $this->assertSame(['late', 'future'], $labels($records->find('inbox', ['pending'], 'test', NULL, 10, FALSE, $after)));
    $this->assertSame(3, $records->countUpTo('inbox', ['pending'], 'test', 9));
    $this->assertSame(2, $records->countUpTo('inbox', ['pending', 'dead'], NULL, 2));
    $this->assertSame(0, $records->countUpTo('inbox', ['dead'], NULL, 9));
  }

  /**
   * An update expands the tables of an older release, and may run twice.
   */
  public function testUpdateAddsTheIndexOfWhatIsDue(): void {
    $schema = Database::getConnection()->schema();
    $schema->dropIndex('causeway_inbox', Schema::SCOPE_DUE);
    $this->container->get('module_handler')->loadInclude('causeway', 'install');
    causeway_update_11001();
    causeway_update_11001();
    $this->assertTrue($schema->indexExists('causeway_inbox', Schema::SCOPE_DUE));
    $this->assertTrue($schema->indexExists('causeway_outbox', Schema::SCOPE_DUE));
  }

  /**
   * Counts are by scope and state, with the oldest time of each.
   */
  public function testCounts(): void {
    $records = $this->records();
    $this->assertSame([], $records->counts('inbox'));
    $records->insert('inbox', self::record('a', ['due_at_ms' => 7]));
    $records->insert('inbox', self::record('b', ['due_at_ms' => 5]));
    $records->insert('inbox', self::record('c', ['state' => 'done']));
    $this->assertSame([
      ['scope' => 'test', 'state' => 'done', 'count' => 1, 'oldest_due_at_ms' => 0],
      ['scope' => 'test', 'state' => 'pending', 'count' => 2, 'oldest_due_at_ms' => 5],
    ], $records->counts('inbox'));
  }

  /**
   * Payloads go with their records, in bounded steps.
   */
  public function testDeletesAndPurges(): void {
    $records = $this->records();
    foreach (['a', 'b', 'c'] as $index => $name) {
      $records->insert('inbox', self::record($name, ['state' => 'done', 'due_at_ms' => $index, 'payload' => $name]));
    }
    $this->assertSame(1, $records->erase('inbox', [hash('sha256', 'c'), hash('sha256', 'none')]));
    $this->assertNull($records->read('inbox', hash('sha256', 'c'))['payload']);
    $this->assertTrue($records->delete('inbox', hash('sha256', 'a')));
    $this->assertFalse($records->delete('inbox', hash('sha256', 'a')));
    $this->assertSame(0, $records->purge('inbox', ['dead'], 9, 10));
    $this->assertSame(1, $records->purge('inbox', ['done'], 2, 10));
    $this->assertSame(1, $records->purge('inbox', ['done'], 9, 10));
    $this->assertSame(0, (int) Database::getConnection()->select('causeway_inbox_payload')->countQuery()->execute()->fetchField());
  }

  /**
   * An exception undoes everything, and is thrown on as it is.
   */
  public function testAtomicallyIsAllOrNothing(): void {
    $records = $this->records();
    $thrown = new \RuntimeException('no');
    $caught = NULL;
    try {
      $records->atomically(function () use ($records, $thrown): void {
        $records->insert('inbox', self::record('a', ['payload' => 'p']));
        $records->atomically(fn (): bool => $records->insert('cursor', self::record('c')));
        throw $thrown;
      });
    }
    catch (\RuntimeException $e) {
      $caught = $e;
    }
    $this->assertSame($thrown, $caught);
    $this->assertNull($records->read('inbox', hash('sha256', 'a')));
    $this->assertNull($records->read('cursor', hash('sha256', 'c')));
    $this->assertSame('kept', $records->atomically(fn (): string => $records->insert('inbox', self::record('a')) ? 'kept' : 'lost'));
    $this->assertNotNull($records->read('inbox', hash('sha256', 'a')));
  }

  /**
   * Case and length of names are kept apart.
   */
  public function testReadsByLabel(): void {
    $records = $this->records();
    $long = str_repeat('é', 400);
    foreach (['a', 'A', $long] as $label) {
      $records->insert('snapshot', self::record($label, ['payload' => $label]));
    }
    foreach (['a', 'A', $long] as $label) {
      $this->assertSame($label, $records->readByLabel('snapshot', 'test', $label)['payload']);
    }
    $this->assertNull($records->readByLabel('snapshot', 'TEST', 'a'));
  }

  /**
   * The database's clock is that of this machine.
   */
  public function testClock(): void {
    $before_ms = (int) floor(microtime(TRUE) * 1000);
    $now_ms = $this->records()->nowMs();
    $this->assertGreaterThanOrEqual($before_ms - 1, $now_ms);
    $this->assertLessThanOrEqual($before_ms + 5000, $now_ms);
  }

  /**
   * A database that fails is a StoreException that says what can be done.
   */
  public function testFailuresBecomeStoreExceptions(): void {
    $this->requireExtension();
    $store = $this->container->get(ClientFactory::class)->store();
    Database::getConnection()->schema()->dropTable('causeway_inbox');
    try {
      $store->insert('inbox', self::record('secret-label', ['payload' => 'secret-payload']));
      $this->fail('It was inserted.');
    }
    catch (StoreException $e) {
      $this->assertSame('unavailable', $e->reason);
      $this->assertStringNotContainsString('secret', $e->getMessage());
    }
  }

  /**
   * A full disk under the database is told as such.
   */
  public function testFullDisk(): void {
    $this->requireExtension();
    $database = Database::getConnection();
    if ($database->databaseType() !== 'sqlite') {
      $this->markTestSkipped('Only SQLite can be told how many pages it may have.');
    }
    $store = $this->container->get(ClientFactory::class)->store();
    // A test's tables are in a database that is attached under its prefix.
    $schema = rtrim($database->getPrefix(), '.') ?: 'main';
    $pages = (int) $database->query("PRAGMA $schema.page_count")->fetchField();
    $database->query("PRAGMA $schema.max_page_count = $pages");
    try {
      for ($i = 0; $i < 100; $i++) {
        $store->insert('inbox', self::record("r$i", ['payload' => str_repeat('x', 100000)]));
      }
      $this->fail('The disk was not full.');
    }
    catch (StoreException $e) {
      $this->assertSame('full', $e->reason);
      $this->assertFalse($database->inTransaction());
    }
    finally {
      $database->query("PRAGMA $schema.max_page_count = 1073741823");
    }
    // The disk has room again, and the same process goes on.
    $this->assertTrue($store->insert('inbox', self::record('after', ['payload' => 'p'])));
  }

  /**
   * Whoever reads first and writes then does not fail for another writer.
   */
  #[DataProvider('writers')]
  public function testTransactionsBeginAsWriters(bool $through_records): void {
    if (Database::getConnection()->databaseType() !== 'sqlite') {
      $this->markTestSkipped('A trap of SQLite.');
    }
    $records = $this->records();
    $records->insert('inbox', self::record('a'));
    $read_then_write = function () use ($records): bool {
      $record = $records->read('inbox', hash('sha256', 'a'));
      return $records->replace('inbox', ['state' => 'done'] + $record, $record['version']);
    };
    $other = new \PDO('sqlite:' . Database::getConnectionInfo()['default']['database']);
    $this->assertTrue($through_records ? $records->atomically(function () use ($read_then_write, $other): bool {
      // Another process cannot write between the two.
      $other->exec('PRAGMA busy_timeout = 0');
      try {
        $other->exec("CREATE TABLE other (id INTEGER)");
        return FALSE;
      }
      catch (\PDOException) {
        return $read_then_write();
      }
    }) : $read_then_write());
  }

  /**
   * With and without a transaction around.
   */
  public static function writers(): \Generator {
    yield 'in one transaction' => [TRUE];
    yield 'each statement alone' => [FALSE];
  }

}
