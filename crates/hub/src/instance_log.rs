//! What the container of an instance printed last: its sensor is asked while somebody waits.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use skep_model::{
    Bytes, Refusal, Timestamp,
    ids::{InstanceId, SensorId},
    limits, raw,
    sensor::{LogTail, Presence},
    user::Role,
};
use skep_protocol::message::LogReport;
use tokio::{sync::oneshot, time::timeout};

use crate::{Actor, Hub, HubError};

/// How long a sensor may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most that wait at a time, for all sensors together.
const WAITING: usize = 64;

/// The longest reason that is taken from a sensor, in bytes.
const REASON: usize = 500;

/// The lines, or why there are none.
type Answer = Result<Vec<Bytes>, String>;

/// What somebody waits for.
struct Question {
    sensor: SensorId,
    instance: InstanceId,
    /// Whether the sensor has heard of it.
    told: bool,
    answer: oneshot::Sender<Answer>,
}

/// Everything that somebody waits for.
#[derive(Default)]
pub(crate) struct Questions(Mutex<Vec<Question>>);

impl Questions {
    /// Those that somebody still waits for.
    fn open(&self) -> MutexGuard<'_, Vec<Question>> {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        questions.retain(|question| !question.answer.is_closed());
        questions
    }

    fn ask(&self, sensor: SensorId, instance: InstanceId) -> Option<oneshot::Receiver<Answer>> {
        let mut questions = self.open();
        if questions.len() >= WAITING {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        questions.push(Question {
            sensor,
            instance,
            told: false,
            answer,
        });
        Some(answered)
    }

    /// Whether there is something that a sensor has not heard of.
    pub(crate) fn has_news_for(&self, sensor: SensorId) -> bool {
        let questions = self.open();
        questions.iter().any(|it| it.sensor == sensor && !it.told)
    }

    /// What a sensor has not heard of, which it is told now.
    pub(crate) fn tell(&self, sensor: SensorId) -> Vec<InstanceId> {
        let mut questions = self.open();
        let new = questions
            .iter_mut()
            .filter(|it| it.sensor == sensor && !it.told);
        let mut instances: Vec<_> = new
            .map(|question| {
                question.told = true;
                question.instance
            })
            .collect();
        instances.sort_unstable();
        instances.dedup();
        instances
    }

    fn answer(&self, sensor: SensorId, instance: InstanceId, answer: &Answer) {
        let mut questions = self.open();
        let answered = questions
            .extract_if(.., |it| (it.sensor, it.instance) == (sensor, instance))
            .map(|question| question.answer);
        for waiting in answered {
            let _ = waiting.send(answer.clone());
        }
    }
}

impl Hub {
    /// The end of what the container of an instance printed, as its sensor says now.
    pub async fn instance_log(
        &self,
        actor: &Actor,
        sensor: SensorId,
        instance: InstanceId,
    ) -> Result<LogTail, HubError> {
        actor.require(Role::Manager)?;
        let at = Timestamp::now();
        let row = self.stored_sensor(actor, sensor).await?;
        let instances = self.0.store.instances(Some(&[sensor])).await?;
        if !instances
            .iter()
            .any(|row| row.instance.id == instance && row.removed_at.is_none())
        {
            return Err(Refusal::NotFound.into());
        }
        if self.presence(&row, at).0 != Presence::Online {
            return Err(Refusal::SensorOffline.into());
        }
        let answered = self.0.logs.ask(sensor, instance).ok_or(Refusal::Busy)?;
        self.0.presence.call(sensor);
        match timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(lines))) => Ok(LogTail { at, lines }),
            Ok(Ok(Err(reason))) => Err(Refusal::SensorFailed { reason }.into()),
            Ok(Err(_)) | Err(_) => Err(Refusal::SensorSilent.into()),
        }
    }

    /// Takes what a sensor was asked for. Nobody may wait for it any longer.
    pub fn take_log(&self, sensor: SensorId, report: LogReport) {
        let answer = match report.problem {
            Some(problem) => Err(raw::visible(raw::cut(problem.as_bytes(), REASON))),
            None => Ok(bounded(report.lines)),
        };
        self.0.logs.answer(sensor, report.instance, &answer);
    }
}

/// The last lines, as many as are taken.
fn bounded(lines: Vec<Bytes>) -> Vec<Bytes> {
    let mut room = limits::LOG;
    let mut last: Vec<_> = lines
        .into_iter()
        .rev()
        .take(limits::LOG_LINES)
        .take_while(|line| {
            let fits = line.0.len() <= room;
            room = room.saturating_sub(line.0.len());
            fits
        })
        .collect();
    last.reverse();
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensor_hears_of_everything_once_and_answers_all_who_wait() {
        let questions = Questions::default();
        let (one, other) = (SensorId::new(), SensorId::new());
        let instance = InstanceId::new();
        let mut waiting = [(); 2].map(|()| questions.ask(one, instance).unwrap());
        assert!(!questions.has_news_for(other));
        assert!(questions.has_news_for(one));
        assert_eq!(questions.tell(one), [instance]);
        assert!(!questions.has_news_for(one));
        assert_eq!(questions.tell(one), []);
        questions.answer(other, instance, &Ok(vec![]));
        assert!(waiting[0].try_recv().is_err(), "another sensor's answer");
        questions.answer(one, instance, &Ok(vec!["x".into()]));
        for waiting in &mut waiting {
            assert_eq!(waiting.try_recv(), Ok(Ok(vec!["x".into()])));
        }
    }

    #[test]
    fn whoever_waits_no_longer_takes_no_place() {
        let questions = Questions::default();
        let (sensor, instance) = (SensorId::new(), InstanceId::new());
        let ask = || questions.ask(sensor, instance);
        let waiting: Vec<_> = (0..WAITING).map(|_| ask().unwrap()).collect();
        assert!(ask().is_none());
        drop(waiting);
        assert!(!questions.has_news_for(sensor));
        assert!(ask().is_some());
    }

    #[test]
    fn only_the_last_lines_are_taken() {
        let lines: Vec<Bytes> = (0..300).map(|n| Bytes::from(format!("line {n}"))).collect();
        let taken = bounded(lines);
        assert_eq!(taken.len(), limits::LOG_LINES);
        assert_eq!(taken.last().unwrap().0, b"line 299");
        let long = vec![Bytes(vec![b'x'; limits::LOG / 2 + 1]); 3];
        assert_eq!(bounded(long).len(), 1);
    }
}
