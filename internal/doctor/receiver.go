package doctor

import (
	"context"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
)

// The waits until what was written must be found.
const (
	lookAgain   = 500 * time.Millisecond
	longestLook = 30 * time.Second
)

func receiverChecks() []Check {
	return []Check{
		{
			Name:     "receiver",
			Question: "Does the remote-write receiver answer, and know the protobuf message?",
			Judged:   "by writing one sample of `seldon_exporter_doctor_timestamp_seconds`.",
			Faults: []Fault{
				{Name: "unreachable", Status: Fail, Means: "There is no answer, 5xx or 429.",
					Remedy: "Check `--remote-write.url`, and the log of the receiver."},
				{Name: "refused", Status: Fail, Means: "The sample was refused.",
					Remedy: "Check the credentials, `--remote-write.url`, and that the receiver is enabled (Prometheus: `--web.enable-remote-write-receiver`)."},
				{Name: "version", Status: Fail, Means: "The receiver does not know the protobuf message.",
					Remedy: "Set `--remote-write.protobuf-message` to the other one."},
			},
			run: receiver,
		},
		{
			Name:     "old-samples",
			Question: "Does the receiver take samples as old as windows that are caught up?",
			Judged:   "by writing one sample that is as old as `--catch-up.max-age`.",
			Needs:    []string{"receiver"},
			Faults: []Fault{{Name: "too-old", Status: Warn, Means: "It takes nothing that old: windows that were missed are lost once it has newer ones.",
				Remedy:   "Set `out_of_order_time_window` (`storage.tsdb` in the configuration of a Prometheus; the finding names another engine's setting) to `--catch-up.max-age` and a period, or lower the former.",
				Settings: "In the configuration of a Prometheus:\n\n    storage:\n      tsdb:\n        out_of_order_time_window: 26h"}},
			run: oldSamples,
		},
		{
			Name:     "read-back",
			Question: "Can what was delivered be read again?",
			Judged:   "by a query for the sample that was written, for 30 seconds, and for the completion markers of the windows that are caught up.",
			Needs:    []string{"receiver", "reachable"},
			Faults: []Fault{
				{Name: "not-found", Status: Fail, Means: "The receiver accepted the sample, and it is not there: every window would be delivered three times, and given up.",
					Remedy: "Set `--remote-write.query-url` to a server that has what the receiver stores."},
				{Name: "unreadable", Status: Fail, Means: "The query failed.",
					Remedy: "Check `--remote-write.query-url` and its credentials."},
			},
			run: readBack,
		},
	}
}

// notWritten says why nothing is to be written, "" if something is.
func (e *exam) notWritten() string {
	switch {
	case e.Receiver == nil:
		return "no remote write is set"
	case !e.MayWrite:
		return "only the command writes a sample, this page does not"
	}
	return ""
}

func receiver(ctx context.Context, e *exam) (Finding, error) {
	if why := e.notWritten(); why != "" {
		return skip("%s", why)
	}
	at := e.now().Truncate(time.Second)
	err := e.Receiver.Try(ctx, at)
	name := "refused"
	switch remotewrite.KindOf(err) {
	case "":
		if err != nil {
			return Finding{}, err
		}
		e.tried = at
		return pass("it does")
	case remotewrite.Transient:
		name = "unreachable"
	case remotewrite.Misconfigured:
		name = "version"
	}
	f, _ := fault(name, "%v", err)
	f.Remedy = e.Remedy(err)
	return f, nil
}

func oldSamples(ctx context.Context, e *exam) (Finding, error) {
	if e.CatchUp == 0 {
		return skip("nothing is caught up")
	}
	err := e.Receiver.Try(ctx, e.tried.Add(-e.CatchUp))
	switch {
	case remotewrite.KindOf(err) == remotewrite.TooOld:
		return fault("too-old", "%v: %s", err, e.Remedy(err))
	case err != nil:
		return Finding{}, err
	}
	return pass("it takes them, %s old", model.Duration(e.CatchUp))
}

func readBack(ctx context.Context, e *exam) (Finding, error) {
	for waited := time.Duration(0); ; waited += lookAgain {
		found, err := e.Receiver.Tried(ctx, e.tried)
		if err != nil {
			f, _ := fault("unreadable", "%v", err)
			f.Remedy = e.Remedy(err)
			return f, nil
		}
		if found {
			break
		}
		if waited >= longestLook {
			return fault("not-found", "the sample was accepted, and is not found")
		}
		select {
		case <-ctx.Done():
			return Finding{}, context.Cause(ctx)
		case <-time.After(lookAgain):
		}
	}
	newest := e.now().Add(-e.SettleDelay)
	from := newest.Add(-max(e.CatchUp, e.Period))
	ends, err := e.Receiver.Delivered(ctx, from, newest)
	if err != nil {
		f, _ := fault("unreadable", "%v", err)
		f.Remedy = e.Remedy(err)
		return f, nil
	}
	return pass("yes; %s of the last %s delivered", count(len(ends), "window"), model.Duration(max(e.CatchUp, e.Period)))
}
