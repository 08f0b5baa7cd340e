<?php

declare(strict_types=1);

namespace Causeway\Rig;

/** An nginx with one worker on loopback ports of its own; ends with this object. */
final class Nginx
{
    private const HEAD = <<<'CONF'
        daemon off;
        worker_processes 1;
        pid {dir}/nginx.pid;
        error_log {dir}/nginx.log;
        events { worker_connections 2048; }
        http {
          access_log off;
          sendfile on;
          keepalive_requests 1000000000;
          keepalive_timeout 3600s;
          default_type application/json;
          client_body_temp_path {dir}/temp-body;
          proxy_temp_path {dir}/temp-proxy;
          fastcgi_temp_path {dir}/temp-fastcgi;
          uwsgi_temp_path {dir}/temp-uwsgi;
          scgi_temp_path {dir}/temp-scgi;
        CONF;

    public readonly Program $program;

    /**
     * @param string $name Of a directory of the scratch.
     * @param string $http Server blocks and what else stands in the http block.
     * @param list<int> $ports That it is to listen on.
     */
    public function __construct(Scratch $scratch, string $name, string $http, array $ports, bool $isPinned = false)
    {
        $directory = $scratch->subdirectory($name);
        $user = posix_geteuid() === 0 ? "user root;\n" : '';
        file_put_contents("$directory/nginx.conf", $user . str_replace('{dir}', $directory, self::HEAD) . "\n$http\n}\n");
        $command = [Machine::need('nginx'), '-e', "$directory/nginx.log", '-c', "$directory/nginx.conf"];
        $this->program = new Program($name, $isPinned ? [...Machine::pinned(), ...$command] : $command, "$directory/out.log");
        try {
            array_map(Machine::awaitPort(...), $ports);
        } catch (Broken) {
            throw new Broken("$name did not start: " . file_get_contents("$directory/out.log") . @file_get_contents("$directory/nginx.log"));
        }
    }

    /** Settings of a server: plain, or with TLS. */
    public static function listen(int $port, ?Certificates $certificates = null): string
    {
        return $certificates === null
            ? "listen 127.0.0.1:$port backlog=2048;"
            : "listen 127.0.0.1:$port ssl backlog=2048; ssl_certificate $certificates->certificate; ssl_certificate_key $certificates->key;"
                . ' ssl_session_cache shared:tls:4m; ssl_protocols TLSv1.2 TLSv1.3;';
    }

    /**
     * What a location hands to php-fpm.
     *
     * @param array<string, string> $parameters
     */
    public static function toFpm(Fpm $fpm, string $script, array $parameters = []): string
    {
        $parameters += [
            'SCRIPT_FILENAME' => $script, 'REQUEST_METHOD' => '$request_method', 'CONTENT_TYPE' => '$content_type',
            'CONTENT_LENGTH' => '$content_length', 'QUERY_STRING' => '$query_string', 'REQUEST_URI' => '$request_uri',
            'SERVER_PROTOCOL' => '$server_protocol', 'SCRIPT_NAME' => '/' . basename($script),
        ];
        $lines = array_map(static fn (string $name, string $value): string => "fastcgi_param $name \"$value\";", array_keys($parameters), $parameters);

        return implode(' ', $lines) . " fastcgi_pass unix:$fpm->socket;";
    }

    public static function version(): string
    {
        exec(escapeshellarg(Machine::need('nginx')) . ' -v 2>&1', $lines);

        return preg_replace('~.*nginx/~', 'nginx ', $lines[0] ?? 'nginx') ?? 'nginx';
    }
}
