//! Services for tests: one sweep, whose runs they assign, and about which they accept everything.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use wanllmdb::api::registry::v1::{
    CreateSweepResponse, EarlyTermination, FinishRunRequest, FinishRunResponse, FinishRunResult,
    GetRunRequest, GetRunResponse, GetSweepResponse, HeartbeatResponse, Metric, ParameterValue,
    ReleaseRunRequest, ReleaseRunResponse, ReportMetricsRequest, ReportMetricsResponse, Run,
    RunState, Sweep, SweepSpec, UpdateRunRequest, UpdateRunResponse, finish_run_request,
    finish_run_result, parameter_value,
};
use wanllmdb::api::suggestion::v1::{
    ExhaustedReason, GetBestRunsResponse, ShouldStopRequest, ShouldStopResponse, SuggestRequest,
    SuggestResponse,
};
use wanllmdb::{Client, Code};

/// The id of the sweep.
pub const SWEEP_ID: &str = "k6rsniyyjhjy";

/// Both services.
#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<State>>);

/// What the services have received, and what they answer.
#[derive(Default)]
pub struct State {
    /// Notified when a run is given back.
    pub release: Arc<Notify>,
    /// How many runs there are.
    pub runs: i64,
    /// From which run on ShouldStop says so; none for a sweep without early termination.
    pub stops_from: Option<i64>,
    assigned: i64,
    /// The values of `loss` by run and step.
    pub values: BTreeMap<i64, BTreeMap<i64, f64>>,
    /// How runs ended.
    pub ends: BTreeMap<i64, FinishRunRequest>,
    /// The runs that were given back.
    pub released: Vec<i64>,
    /// The changes of runs.
    pub updates: Vec<UpdateRunRequest>,
}

impl Fake {
    /// Serves, and returns the services and their address.
    pub async fn start(runs: i64, stops_from: Option<i64>) -> (Self, String) {
        let fake = Self::default();
        {
            let mut state = fake.state();
            (state.runs, state.stops_from) = (runs, stops_from);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        (fake, address)
    }

    /// Returns a client of the services.
    pub fn client(address: &str) -> Client {
        let builder = Client::builder().environment(|_| None);
        builder
            .registry(address)
            .suggestion(address)
            .connect()
            .expect("a client")
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, stream: TcpStream) {
        let Ok(mut connection) = h2::server::handshake(stream).await else {
            return;
        };
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(self.clone().answer(request, respond));
        }
    }

    async fn answer(self, request: Request<h2::RecvStream>, mut respond: SendResponse<Bytes>) {
        let path = request.uri().path().to_owned();
        let mut body = request.into_body();
        let mut received = BytesMut::new();
        while let Some(Ok(data)) = body.data().await {
            // An error: the connection broke.
            let _ = body.flow_control().release_capacity(data.len());
            received.extend_from_slice(&data);
        }
        // A message has its compression and its length before it.
        received.advance(5.min(received.len()));
        let answered = self
            .state()
            .answer(path.rsplit('/').next().unwrap_or_default(), &received);
        let head = Response::builder()
            .header("content-type", "application/grpc")
            .body(());
        let Ok(mut stream) = respond.send_response(head.expect("a response"), false) else {
            return;
        };
        let mut trailers = HeaderMap::new();
        let code = match answered {
            Ok(message) => {
                let mut framed = BytesMut::new();
                framed.put_u8(0);
                framed.put_u32(u32::try_from(message.len()).expect("a small message"));
                framed.extend_from_slice(&message);
                // An error: the connection broke.
                let _ = stream.send_data(framed.freeze(), false);
                Code::Ok
            }
            Err(code) => code,
        };
        trailers.insert("grpc-status", (code as i32).into());
        // An error: the connection broke.
        let _ = stream.send_trailers(trailers);
    }
}

type Answered = Result<Vec<u8>, Code>;

impl State {
    fn answer(&mut self, rpc: &str, body: &[u8]) -> Answered {
        match rpc {
            "CreateSweep" => message(&CreateSweepResponse {
                sweep: Some(self.sweep()),
                ..Default::default()
            }),
            "GetSweep" => message(&GetSweepResponse {
                sweep: Some(self.sweep()),
            }),
            "GetRun" => {
                let request: GetRunRequest = read(body)?;
                let number = match request.run {
                    Some(wanllmdb::api::registry::v1::get_run_request::Run::Number(it)) => it,
                    _ => return Err(Code::InvalidArgument),
                };
                message(&GetRunResponse {
                    run: Some(self.run(number)),
                })
            }
            "Suggest" => self.suggest(read(body)?),
            "ShouldStop" => {
                let request: ShouldStopRequest = read(body)?;
                let number = request.number.unwrap_or_default();
                message(&ShouldStopResponse {
                    should_stop: self.stops_from.is_some_and(|from| number >= from),
                    reason: "others are better".to_owned(),
                    next_check_iteration: Some(2),
                    ..Default::default()
                })
            }
            "GetBestRuns" => message(&GetBestRunsResponse {
                runs: self
                    .best()
                    .map(|number| self.run(number))
                    .into_iter()
                    .collect(),
                ..Default::default()
            }),
            "ReportMetrics" => {
                let request: ReportMetricsRequest = read(body)?;
                self.add(request.number.unwrap_or_default(), &request.rows);
                message(&ReportMetricsResponse::default())
            }
            "FinishRun" => {
                let response = self.finish(read(body)?);
                message(&response)
            }
            "ReleaseRun" => {
                let request: ReleaseRunRequest = read(body)?;
                self.released.push(request.number.unwrap_or_default());
                self.release.notify_one();
                message(&ReleaseRunResponse::default())
            }
            "UpdateRun" => {
                self.updates.push(read(body)?);
                message(&UpdateRunResponse::default())
            }
            "Heartbeat" => message(&HeartbeatResponse {
                lease_duration: Some(prost_types::Duration {
                    seconds: 60,
                    nanos: 0,
                }),
                ..Default::default()
            }),
            _ => Err(Code::Unimplemented),
        }
    }

    fn suggest(&mut self, request: SuggestRequest) -> Answered {
        let ended = request.ended_runs.into_iter().map(|end| FinishRunResult {
            result: Some(finish_run_result::Result::Response(self.finish(end))),
        });
        let ended_runs = ended.collect();
        let mut response = SuggestResponse {
            ended_runs,
            lease_duration: Some(prost_types::Duration {
                seconds: 60,
                nanos: 0,
            }),
            ..Default::default()
        };
        if self.assigned == self.runs {
            response.set_exhausted(ExhaustedReason::RunCap);
        } else {
            response.runs = vec![self.run(self.assigned)];
            response.next_check_iteration = self.stops_from.map(|_| 2);
            self.assigned += 1;
        }
        message(&response)
    }

    fn finish(&mut self, end: FinishRunRequest) -> FinishRunResponse {
        let number = end.number.unwrap_or_default();
        self.add(number, &end.rows);
        self.ends.insert(number, end);
        FinishRunResponse {
            run: Some(self.run(number)),
            ..Default::default()
        }
    }

    fn add(&mut self, number: i64, rows: &[wanllmdb::api::registry::v1::MetricRow]) {
        let values = self.values.entry(number).or_default();
        for row in rows {
            values.extend(row.values.get("loss").map(|&value| (row.step, value)));
        }
    }

    /// Returns the finished run with the smallest last value.
    fn best(&self) -> Option<i64> {
        let ended = self.ends.iter().filter(|(_, end)| {
            matches!(end.outcome, Some(finish_run_request::Outcome::Succeeded(_)))
        });
        let last = |number: &i64| self.values[number].values().last().copied();
        let numbers = ended.map(|(number, _)| *number);
        numbers.min_by(|a, b| last(a).partial_cmp(&last(b)).expect("finite values"))
    }

    fn sweep(&self) -> Sweep {
        let spec = SweepSpec {
            metrics: vec![Metric {
                name: "loss".to_owned(),
                ..Default::default()
            }],
            early_termination: self.stops_from.map(|_| EarlyTermination::default()),
            ..Default::default()
        };
        Sweep {
            sweep_id: SWEEP_ID.to_owned(),
            spec: Some(spec),
            ..Default::default()
        }
    }

    fn run(&self, number: i64) -> Run {
        let value = |kind| ParameterValue { kind: Some(kind) };
        let lr = 10_f64.powi(-1 - i32::try_from(number % 4).expect("small"));
        let parameters = BTreeMap::from([
            (
                "lr".to_owned(),
                value(parameter_value::Kind::DoubleValue(lr)),
            ),
            (
                "layers".to_owned(),
                value(parameter_value::Kind::IntValue(1)),
            ),
        ]);
        let values = self.values.get(&number);
        let outcome = self.ends.get(&number).and_then(|end| end.outcome.as_ref());
        use finish_run_request::Outcome;
        let state = match outcome {
            None => RunState::Running,
            Some(Outcome::Succeeded(_)) => RunState::Finished,
            Some(Outcome::Failed(_)) => RunState::Failed,
            Some(Outcome::Pruned(_)) => RunState::Pruned,
            Some(Outcome::Canceled(_)) => RunState::Canceled,
        };
        Run {
            sweep_id: SWEEP_ID.to_owned(),
            number: Some(number),
            state: state.into(),
            parameters,
            attempt: 1,
            objective: values.and_then(|values| values.values().last().copied()),
            ..Default::default()
        }
    }
}

fn read<M: Message + Default>(body: &[u8]) -> Result<M, Code> {
    M::decode(body).map_err(|_| Code::InvalidArgument)
}

#[allow(clippy::unnecessary_wraps, reason = "it is an answer")]
fn message(message: &impl Message) -> Answered {
    Ok(message.encode_to_vec())
}
