<?php

declare(strict_types=1);

namespace Causeway\Bench;

/** bench.json, and a row in one line. */
final class Report
{
    /** @param list<Result> $results */
    public static function write(string $file, array $results, int $rounds): void
    {
        $rows = [];
        foreach ($results as $result) {
            $medians = $result->medians();
            if ($result->broken !== null || !isset($medians[Row::OURS])) {
                continue;
            }
            $round = static fn (float $value): float => (float) \sprintf('%.6g', $value);
            $peers = array_map($round, array_diff_key($medians, [Row::OURS => true]));
            $rows[] = [
                'id' => $result->row->id(), 'what' => $result->what, 'unit' => $result->row->unit(), 'ours' => $round($medians[Row::OURS]),
                'peers' => (object) $peers, 'rounds' => $rounds, 'budgets' => $result->verdicts(),
            ];
        }
        $json = json_encode($rows, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
        file_put_contents("$file.new", "$json\n");
        rename("$file.new", $file);
    }

    /** A result for the terminal. */
    public static function line(Result $result): string
    {
        if ($result->broken !== null) {
            return "BROKEN: $result->broken";
        }
        $figures = [];
        foreach ($result->medians() as $name => $median) {
            $figures[] = "$name " . Figures::short($median);
        }
        $line = implode(', ', $figures) . " {$result->row->unit()}";
        foreach ($result->verdicts() as $verdict) {
            $line .= "\n    " . match ($verdict['kept']) {
                true => 'kept  ', false => 'MISSED', null => 'open  ',
            } . " {$verdict['shown']} (budget: {$verdict['text']})";
        }

        return $line;
    }
}
