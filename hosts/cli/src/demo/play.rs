//! The play: everybody of the cast calls in their own time, then all race for what is left.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::demo::DemoError;
use crate::demo::caller::Caller;
use crate::demo::cast::{Agent, Ask, CAST, RACER, RACERS};
use crate::demo::figures::Sources;
use crate::demo::pace::Pace;
use crate::demo::told::{Action, Told};

/// What there is to tell, in the order in which it happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// What comes next.
    Act(String),
    /// What an agent was told.
    Told(Told),
}

/// What everybody on the stage has.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) caller: Caller,
    pub(crate) sources: Arc<Sources>,
    pub(crate) pace: Pace,
    pub(crate) tell: UnboundedSender<Event>,
}

type Acts = JoinSet<Result<(), DemoError>>;

// === impl Stage ===

impl Stage {
    /// Plays everything.
    pub(crate) async fn perform(self) -> Result<(), DemoError> {
        self.say(format!("{} agents at work, through the gateway", CAST.len()));
        let mut acts = Acts::new();
        for agent in CAST {
            acts.spawn(self.clone().act(agent));
        }
        all(acts).await?;
        self.rest(3).await;
        self.say(format!("{RACERS} calls at once race for what the company has left"));
        self.rest(3).await;
        let mut race = Acts::new();
        for _ in 0..RACERS {
            race.spawn(self.clone().act(RACER));
        }
        all(race).await
    }

    async fn act(self, agent: Agent) -> Result<(), DemoError> {
        self.rest(agent.waits).await;
        for (number, ask) in agent.asks.iter().enumerate() {
            if number > 0 {
                self.rest(agent.rests).await;
            }
            self.ask(&agent, ask).await?;
        }
        Ok(())
    }

    async fn ask(&self, agent: &Agent, ask: &Ask) -> Result<(), DemoError> {
        let told = self.caller.call(agent, ask).await?;
        let left = (told.action == Action::Left).then(|| told.clone());
        self.tell(Event::Told(told));
        match left {
            Some(told) => self.charge(told).await,
            None => Ok(()),
        }
    }

    /// An agent that hung up is told nothing: its record says what the call cost.
    async fn charge(&self, left: Told) -> Result<(), DemoError> {
        let Some(id) = left.id else { return Ok(()) };
        let record = loop {
            match self.sources.record(id).await? {
                Some(record) => break record,
                None => sleep(self.pace.look).await,
            }
        };
        let note = format!(
            "the vendor wrote on, Reins read on · {}, at {} cost",
            record.status, record.accuracy
        );
        let (action, cost) = (Action::Charged, Some(record.cost.total));
        self.tell(Event::Told(Told { action, cost, left: None, note: Some(note), ..left }));
        Ok(())
    }

    async fn rest(&self, beats: u32) {
        sleep(self.pace.beat * beats).await;
    }

    fn say(&self, act: String) {
        self.tell(Event::Act(act));
    }

    fn tell(&self, event: Event) {
        // WHY: whoever listened has gone, and then there is nobody to miss it.
        drop(self.tell.send(event));
    }
}

async fn all(mut acts: Acts) -> Result<(), DemoError> {
    while let Some(ended) = acts.join_next().await {
        ended??;
    }
    Ok(())
}
