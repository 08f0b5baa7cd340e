<?php

declare(strict_types=1);

$handle = curl_init($_SERVER['PROOF_BASE_URI'] . ($_SERVER['PROOF_PATH'] ?? 'ok'));
curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
curl_exec($handle);
http_response_code(curl_getinfo($handle, CURLINFO_RESPONSE_CODE) ?: 500);
echo "done\n";
