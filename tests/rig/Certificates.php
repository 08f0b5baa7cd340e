<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** A CA of our own with one server certificate for the loopback, and the two CA files of the page rows. */
final class Certificates
{
    private const SYSTEM_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

    /** The server's. */
    public readonly string $certificate;
    public readonly string $key;

    /** The CA alone. */
    public readonly string $oneCa;

    public function __construct(private readonly Scratch $scratch)
    {
        [$this->oneCa, $ca] = [$scratch->path('ca.pem'), $scratch->path('ca.key')];
        [$this->certificate, $this->key] = [$scratch->path('server.pem'), $scratch->path('server.key')];
        $new = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-sha256'];
        $this->openssl(...$new, ...['-subj', '/CN=Rig CA', '-keyout', $ca, '-out', $this->oneCa]);
        $this->openssl(...$new, ...[
            '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE',
            '-CA', $this->oneCa, '-CAkey', $ca, '-keyout', $this->key, '-out', $this->certificate,
        ]);
    }

    /** The system's bundle with our CA at its end. */
    public function bundle(): string
    {
        $path = $this->scratch->path('bundle.pem');
        foreach (self::SYSTEM_BUNDLES as $bundle) {
            if (is_readable($bundle)) {
                file_put_contents($path, file_get_contents($bundle) . file_get_contents($this->oneCa));

                return $path;
            }
        }
        throw new Broken('the system has no bundle of CA certificates');
    }

    /** How many certificates a file holds. */
    public static function count(string $file): int
    {
        return substr_count((string) file_get_contents($file), 'BEGIN CERTIFICATE');
    }

    private function openssl(string ...$arguments): void
    {
        $log = $this->scratch->path('openssl.log');
        $end = (new Program('openssl', [Machine::need('openssl'), ...array_values($arguments)], $log))->wait(30.0);
        $end === 0 || throw new Broken('openssl failed: ' . substr((string) file_get_contents($log), -400));
    }
}
