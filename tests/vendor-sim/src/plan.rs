//! The order in which a run of webhooks delivers.
//!
//! [`plan`] is pure but for the random numbers it is given. Each event gets its place in time, each
//! of its deliveries a random delay of up to `window` deliveries after it; the delays put an
//! entity's events out of order. Two deliveries of a pair share one place, so two senders take them
//! at once. Forgeries are laid in at even distances.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use crate::webhooks::Forgery;

/// Entities whose events are mixed with each other at one time.
const ENTITIES_AT_ONCE: usize = 10;

/// What a run consists of.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Events.
    pub events: usize,
    /// Deliveries of them, at least one each.
    pub deliveries: usize,
    /// Entities that the events are about.
    pub entities: usize,
    /// Forgeries besides.
    pub forged: usize,
    /// Deliveries over which the deliveries of an event are spread.
    pub window: usize,
    /// Pairs sent at the same moment.
    pub pairs: usize,
}

/// One delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Slot {
    /// Of an event; with its pair's number when another sender sends it at the same moment.
    Genuine {
        /// Which event.
        event: usize,
        /// Which pair.
        pair: Option<usize>,
    },
    /// Of nothing that happened.
    Forged {
        /// Which forgery.
        number: usize,
        /// In which way.
        forgery: Forgery,
    },
}

/// A run's order.
#[derive(Debug)]
pub struct Plan {
    /// The entity of each event, from 0.
    pub entities: Vec<usize>,
    /// The deliveries.
    pub slots: Vec<Slot>,
    /// Pairs in them.
    pub pairs: usize,
}

/// Lays out a run.
pub fn plan(shape: &Shape, random: &mut impl Rng) -> Plan {
    let copies = copies(shape, random);
    let pair_of = pairs(shape, &copies, random);
    let step = shape.deliveries as f64 / shape.events.max(1) as f64;
    let window = shape.window as f64;
    let mut placed = Vec::with_capacity(shape.deliveries);
    for (event, (&count, &pair)) in copies.iter().zip(&pair_of).enumerate() {
        let mut place = || event as f64 * step + random.random::<f64>() * window;
        let mut single = count;
        if pair.is_some() {
            let together = place();
            placed.extend([(together, event, pair); 2]);
            single -= 2;
        }
        placed.extend((0..single).map(|_| (place(), event, None)));
    }
    placed.sort_by(|(a, event_a, _), (b, event_b, _)| a.total_cmp(b).then(event_a.cmp(event_b)));
    let genuine = placed
        .into_iter()
        .map(|(_, event, pair)| Slot::Genuine { event, pair });
    Plan {
        entities: entities(shape, random),
        slots: interleaved(genuine.collect(), shape.forged),
        pairs: pair_of.iter().flatten().count(),
    }
}

/// How often each event is delivered: once, and the rest at random.
fn copies(shape: &Shape, random: &mut impl Rng) -> Vec<usize> {
    let mut copies = vec![1; shape.events];
    for _ in shape.events..shape.deliveries {
        if let Some(count) = copies.get_mut(random.random_range(0..shape.events)) {
            *count += 1;
        }
    }
    copies
}

/// Which events have a pair among their deliveries, and its number.
fn pairs(shape: &Shape, copies: &[usize], random: &mut impl Rng) -> Vec<Option<usize>> {
    let mut able: Vec<usize> = (0..copies.len())
        .filter(|&event| copies.get(event).is_some_and(|&count| count >= 2))
        .collect();
    able.shuffle(random);
    let mut pair_of = vec![None; copies.len()];
    for (number, event) in able.into_iter().take(shape.pairs).enumerate() {
        if let Some(pair) = pair_of.get_mut(event) {
            *pair = Some(number);
        }
    }
    pair_of
}

/// The entity of each event: a few entities at a time, each with all of its events, shuffled, so
/// that an entity's events are near enough to each other to overtake.
fn entities(shape: &Shape, random: &mut impl Rng) -> Vec<usize> {
    let each = shape.events.div_ceil(shape.entities.max(1)).max(1);
    let mut found = Vec::with_capacity(shape.events);
    let mut first = 0;
    while found.len() < shape.events {
        let group = first..(first + ENTITIES_AT_ONCE).min(shape.entities.max(1));
        let mut events: Vec<usize> = group.flat_map(|one| vec![one; each]).collect();
        events.shuffle(random);
        found.extend(events);
        first =
            (first + ENTITIES_AT_ONCE) % shape.entities.max(1).next_multiple_of(ENTITIES_AT_ONCE);
    }
    found.truncate(shape.events);
    found
}

fn interleaved(genuine: Vec<Slot>, forged: usize) -> Vec<Slot> {
    let total = genuine.len() + forged;
    let mut slots = Vec::with_capacity(total);
    let mut turns = Forgery::ALL.into_iter().cycle();
    let mut number = 0;
    for slot in genuine {
        slots.push(slot);
        // As many forgeries as are due by now, were they spread evenly over the whole.
        while number < forged && (number + 1) * total <= (slots.len() + 1) * forged {
            slots.extend(turns.next().map(|forgery| Slot::Forged { number, forgery }));
            number += 1;
        }
    }
    while number < forged {
        slots.extend(turns.next().map(|forgery| Slot::Forged { number, forgery }));
        number += 1;
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn shape() -> Shape {
        Shape {
            events: 1000,
            deliveries: 4000,
            entities: 200,
            forged: 200,
            window: 400,
            pairs: 200,
        }
    }

    #[test]
    fn every_event_is_delivered_and_the_sum_is_exact() {
        let plan = plan(&shape(), &mut StdRng::seed_from_u64(1));
        let mut seen = vec![0; 1000];
        let mut pairs = vec![Vec::new(); plan.pairs];
        for slot in &plan.slots {
            if let Slot::Genuine { event, pair } = *slot {
                seen[event] += 1;
                if let Some(pair) = pair {
                    pairs[pair].push(event);
                }
            }
        }
        assert_eq!(seen.iter().sum::<usize>(), 4000);
        assert!(seen.iter().all(|&count| count >= 1));
        assert_eq!(pairs.len(), 200);
        assert!(
            pairs
                .iter()
                .all(|pair| pair.len() == 2 && pair[0] == pair[1])
        );
        let forged = plan.slots.len() - 4000;
        assert_eq!(forged, 200);
    }

    #[test]
    fn forgeries_lie_evenly_and_their_kinds_take_turns() {
        let plan = plan(&shape(), &mut StdRng::seed_from_u64(2));
        let places: Vec<_> = plan
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| matches!(slot, Slot::Forged { .. }))
            .map(|(place, _)| place)
            .collect();
        let gaps = places.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(
            gaps.clone().all(|gap| (20..=22).contains(&gap)),
            "{:?}",
            gaps.collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_entitys_events_overtake_each_other_and_every_entity_has_some() {
        let plan = plan(&shape(), &mut StdRng::seed_from_u64(3));
        let mut newest = vec![None; 200];
        let mut overtaken = 0;
        for slot in &plan.slots {
            if let Slot::Genuine { event, .. } = *slot {
                let newest = &mut newest[plan.entities[event]];
                overtaken += usize::from(newest.is_some_and(|newest| newest > event));
                *newest = (*newest).max(Some(event));
            }
        }
        assert!(newest.iter().all(Option::is_some));
        assert!(overtaken > 500, "{overtaken}");
    }

    #[test]
    fn odd_shapes_are_laid_out_too() {
        for (events, deliveries, entities, forged) in [
            (1, 1, 1, 0),
            (7, 7, 3, 5),
            (5, 20, 200, 0),
            (33, 34, 11, 100),
            (1000, 1000, 200, 1),
        ] {
            let shape = Shape {
                events,
                deliveries,
                entities,
                forged,
                window: 0,
                pairs: 10,
            };
            let plan = plan(&shape, &mut StdRng::seed_from_u64(4));
            assert_eq!(plan.slots.len(), deliveries + forged);
            assert_eq!(plan.entities.len(), events);
            assert!(plan.entities.iter().all(|&entity| entity < entities));
        }
    }
}
