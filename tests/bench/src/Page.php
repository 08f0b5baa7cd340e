<?php

declare(strict_types=1);

namespace Causeway\Bench;

use Causeway\Rig\Machine;

/**
 * bench.html: one page that needs nothing else. Readable in light and dark mode, on narrow screens
 * and without eyes: each plot has its figures in a table, each verdict is a word and no mere colour.
 */
final class Page
{
    /** @param list<Result> $results */
    public static function write(string $file, array $results, int $rounds, float $seconds): void
    {
        $html = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            . '<title>Causeway: the benchmark</title><style>' . file_get_contents(\dirname(__DIR__) . '/page.css') . '</style></head><body><main>'
            . '<h1>Causeway: the benchmark</h1>' . self::conditions($rounds, $seconds) . self::budgets($results);
        foreach ($results as $result) {
            $html .= self::row($result);
        }
        file_put_contents("$file.new", "$html</main></body></html>\n");
        rename("$file.new", $file);
    }

    private static function conditions(int $rounds, float $seconds): string
    {
        preg_match('/^model name\s*: (.*)$/m', (string) file_get_contents('/proc/cpuinfo'), $model);
        $parts = [
            $model[1] ?? php_uname('m'), Machine::cores() . ' cores', php_uname('s') . ' ' . php_uname('r'), 'PHP ' . PHP_VERSION,
            gmdate('Y-m-d H:i') . ' UTC', \sprintf('load average %.1f at the end', sys_getloadavg()[0] ?? 0.0), \sprintf('%.0f s', $seconds),
        ];
        $short = $rounds < 15 ? ' <strong>A short run: figures that count have 15 rounds or more.</strong>' : '';

        return '<p class="soft">' . Plot::escape(implode(' · ', $parts)) . "</p><p>Medians of $rounds rounds; each round does the same work once with every "
            . "subject, another one first each time. Whiskers are the quartiles, the dashed line is a budget.$short</p>";
    }

    /** @param list<Result> $results */
    private static function budgets(array $results): string
    {
        $lines = '';
        foreach ($results as $result) {
            foreach ($result->verdicts() as $verdict) {
                [$class, $word] = self::verdict($result, $verdict['kept']);
                $id = Plot::escape($result->row->id());
                $lines .= "<tr><th scope=\"row\"><a href=\"#$id\">$id</a></th><td>" . Plot::escape($verdict['text']) . '</td><td>'
                    . Plot::escape($verdict['shown']) . "</td><td class=\"verdict $class\">$word</td></tr>";
            }
        }

        return '<h2>Budgets</h2><div class="wide" tabindex="0"><table><thead><tr><th scope="col">row</th><th scope="col">budget</th>'
            . "<th scope=\"col\">measured</th><th scope=\"col\">verdict</th></tr></thead><tbody>$lines</tbody></table></div>";
    }

    /** @return array{string, string} Its class and its word. */
    private static function verdict(Result $result, ?bool $kept): array
    {
        return match (true) {
            $result->skipped !== null => ['open', 'skipped'],
            $result->broken !== null => ['missed', 'broken'],
            $kept === true => ['kept', 'kept'],
            $kept === false => ['missed', 'missed'],
            default => ['open', 'not judged'],
        };
    }

    private static function row(Result $result): string
    {
        $id = Plot::escape($result->row->id());
        $html = "<section aria-labelledby=\"$id\"><h2 id=\"$id\">$id</h2>";
        if ($result->skipped !== null || $result->broken !== null) {
            return $html . '<p>' . Plot::escape($result->skipped === null ? "Broken: $result->broken" : "Skipped: $result->skipped") . '</p></section>';
        }
        $unit = $result->row->unit();
        $direction = str_ends_with($unit, '/s') ? 'more is better' : 'less is better';
        $html .= '<p class="soft">' . Plot::escape($result->what) . '</p>';
        foreach ($result->verdicts() as $verdict) {
            [$class, $word] = self::verdict($result, $verdict['kept']);
            $html .= "<p><span class=\"verdict $class\">$word</span>: " . Plot::escape("{$verdict['shown']} (budget: {$verdict['text']})") . '</p>';
        }

        return "$html<figure><div class=\"wide\" tabindex=\"0\">" . Plot::svg($result) . "</div><figcaption>{$unit}, $direction</figcaption></figure>"
            . self::table($result) . '</section>';
    }

    private static function table(Result $result): string
    {
        $lines = '';
        $medians = $result->medians();
        $ours = $medians[Row::OURS] ?? 0.0;
        foreach ($medians as $name => $median) {
            $rounds = $result->rounds()[$name];
            $figures = [$median, Figures::quantile($rounds, 0.25), Figures::quantile($rounds, 0.75), min($rounds), max($rounds)];
            $cells = array_map(static fn (float $value): string => '<td class="number">' . Figures::short($value) . '</td>', $figures);
            $ratio = $ours > 0.0 ? Figures::short($median / $ours) . ' ×' : '';
            $lines .= '<tr><th scope="row">' . Plot::escape($name) . '</th>' . implode('', $cells) . "<td class=\"number\">$ratio</td></tr>";
        }

        return '<details><summary>The figures as a table</summary><div class="wide" tabindex="0"><table><thead><tr><th scope="col">subject</th>'
            . '<th scope="col">median</th><th scope="col">lower quartile</th><th scope="col">upper quartile</th><th scope="col">least</th>'
            . "<th scope=\"col\">most</th><th scope=\"col\">of ours</th></tr></thead><tbody>$lines</tbody></table></div></details>";
    }
}
