<?php

declare(strict_types=1);

$handle = curl_init($_SERVER['BENCH_BASE_URI'] . '2k.json?n=' . hrtime(true));
curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
curl_setopt($handle, CURLOPT_CAINFO, $_SERVER['BENCH_CA_FILE']);
$body = (string) curl_exec($handle);
http_response_code(curl_getinfo($handle, CURLINFO_RESPONSE_CODE) === 200 && \strlen($body) === 2048 ? 200 : 500);
echo "done\n";
