<?php

declare(strict_types=1);

namespace Drupal\Tests\causeway\Traits;

/**
 * Runs a vendor on a free port of this machine for one test.
 */
trait VendorTrait {

  /**
   * The server's process.
   *
   * @var resource|null
   */
  private $vendorProcess = NULL;

  /**
   * Where the vendor keeps what it answers.
   */
  private string $vendorDirectory = '';

  /**
   * Starts the vendor.
   *
   * @return string
   *   Its base URI.
   */
  protected function startVendor(): string {
    $this->vendorDirectory = sys_get_temp_dir() . '/causeway-vendor-' . bin2hex(random_bytes(6));
    mkdir($this->vendorDirectory);
    $socket = stream_socket_server('tcp://127.0.0.1:0');
    $address = stream_socket_get_name($socket, FALSE);
    fclose($socket);
    $output = ['file', $this->vendorDirectory . '/output.txt', 'a'];
    $this->vendorProcess = proc_open(
      [PHP_BINARY, '-n', '-S', $address, dirname(__DIR__, 2) . '/fixtures/vendor.php'],
      [['file', '/dev/null', 'r'], $output, $output],
      $pipes,
      NULL,
      ['VENDOR_DIRECTORY' => $this->vendorDirectory, 'PHP_CLI_SERVER_WORKERS' => '1'],
    );
    $deadline = hrtime(TRUE) + 10_000_000_000;
    do {
      $connection = @stream_socket_client("tcp://$address", $code, $message, 1.0);
      $connection || usleep(10_000);
    } while (!$connection && hrtime(TRUE) < $deadline);
    $this->assertIsResource($connection, 'The vendor listens.');
    fclose($connection);
    return "http://$address/";
  }

  /**
   * Stops the vendor, if there is one.
   */
  protected function stopVendor(): void {
    if ($this->vendorProcess === NULL) {
      return;
    }
    proc_terminate($this->vendorProcess, SIGKILL);
    proc_close($this->vendorProcess);
    $this->vendorProcess = NULL;
    array_map(unlink(...), glob($this->vendorDirectory . '/*') ?: []);
    rmdir($this->vendorDirectory);
  }

  /**
   * Lets the vendor answer this under a path.
   *
   * @param string $path
   *   The path, without the slash in front.
   * @param array<string, mixed> $data
   *   The entity.
   */
  protected function vendorHas(string $path, array $data): void {
    file_put_contents($this->vendorDirectory . '/' . str_replace('/', '-', $path) . '.json', json_encode($data, JSON_THROW_ON_ERROR));
  }

  /**
   * Lets the vendor answer 503 to everything, or no longer.
   */
  protected function vendorIsDown(bool $down): void {
    $file = $this->vendorDirectory . '/down';
    $down ? touch($file) : unlink($file);
  }

  /**
   * The paths that were asked for, in order.
   *
   * @return list<string>
   *   The paths, without the slash in front.
   */
  protected function vendorLog(): array {
    return is_file($this->vendorDirectory . '/log.txt') ? file($this->vendorDirectory . '/log.txt', FILE_IGNORE_NEW_LINES) : [];
  }

}
