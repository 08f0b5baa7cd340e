<?php

/**
 * @file
 * curl_multi: a handle for each place, used again as soon as its transfer is done.
 */

declare(strict_types=1);

return static function (array $arguments): array {
    ['bytes' => $bytes, 'requests' => $requests, 'at_once' => $atOnce] = $arguments;
    $multi = curl_multi_init();
    $handles = [];
    for ($place = 0; $place < $atOnce; $place++) {
        $handles[] = $handle = curl_init($arguments['base_uri'] . $arguments['path']);
        curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
    }

    return [static function (int $times) use ($multi, $handles, $bytes, $requests, $atOnce): void {
        for (; $times > 0; $times--) {
            foreach ($handles as $handle) {
                curl_multi_add_handle($multi, $handle);
            }
            [$begun, $right] = [$atOnce, 0];
            do {
                curl_multi_exec($multi, $running);
                while (($done = curl_multi_info_read($multi)) !== false) {
                    $handle = $done['handle'];
                    if ($done['result'] === CURLE_OK && curl_getinfo($handle, CURLINFO_RESPONSE_CODE) === 200 && \strlen(curl_multi_getcontent($handle)) === $bytes) {
                        $right++;
                    }
                    curl_multi_remove_handle($multi, $handle);
                    if ($begun < $requests) {
                        $begun++;
                        curl_multi_add_handle($multi, $handle);
                        $running++;
                    }
                }
                $running > 0 && curl_multi_select($multi, 1.0);
            } while ($running > 0);
            $right === $requests || throw new LogicException("$right right answers");
        }
    }, 'libcurl ' . curl_version()['version']];
};
