// Command upstream answers what Kubernetes' own evaluator of the Pod Security Standards says about pods, for the tests
// that compare podsec with it.
//
//	upstream evaluate    a JSON request a line on standard input, an answer a line on standard output
//	upstream labels      the same for the labels of namespaces
//	upstream bounds      where characters turn printable and not printable, as strconv.IsPrint has it
//	upstream time        how long the evaluator takes: a JSON question a line, an answer a line
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

// A request asks about many pods at once.
type request struct {
	Cases []question `json:"cases"`
}

// A question is a pod with policies to judge it by.
type question struct {
	Pod      json.RawMessage `json:"pod"`
	Policies []asked         `json:"policies"`
}

// Server, if set, is the minor of the API server whose version is emulated.
type asked struct {
	Level   string `json:"level"`
	Version string `json:"version"`
	Server  *int   `json:"server"`
}

// An answer holds a judgement for each policy, or why the pod could not be read.
type answer struct {
	Error      string      `json:"error"`
	Judgements []judgement `json:"judgements"`
}

// A judgement holds what each check says that was run, and the aggregate of those that refuse the pod.
type judgement struct {
	Results []result `json:"results"`
	Reason  string   `json:"reason"`
	Detail  string   `json:"detail"`
}

type result struct {
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason"`
	Detail  string `json:"detail"`
}

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "evaluate":
		err = evaluate(os.Stdin, os.Stdout)
	case "labels":
		err = labels(os.Stdin, os.Stdout)
	case "bounds":
		err = bounds(os.Stdout)
	case "time":
		err = timed(os.Stdin, os.Stdout)
	default:
		err = fmt.Errorf("usage: upstream evaluate|labels|bounds|time")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func evaluate(in io.Reader, out io.Writer) error {
	evaluators := map[int]policy.Evaluator{}
	reader := bufio.NewReaderSize(in, 1<<20)
	writer := bufio.NewWriterSize(out, 1<<20)
	decoder, encoder := json.NewDecoder(reader), json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	for {
		var requested request
		if err := decoder.Decode(&requested); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		answers := make([]answer, len(requested.Cases))
		for i, each := range requested.Cases {
			var err error
			if answers[i], err = answerTo(evaluators, each); err != nil {
				return err
			}
		}
		if err := encoder.Encode(answers); err != nil {
			return err
		}
		if err := writer.Flush(); err != nil {
			return err
		}
	}
}

// evaluatorFor gives the evaluator of an API server, made once.
func evaluatorFor(made map[int]policy.Evaluator, server *int) (policy.Evaluator, error) {
	key := -1
	var emulated *api.Version
	if server != nil {
		key = *server
		version := api.MajorMinorVersion(1, key)
		emulated = &version
	}
	if evaluator, found := made[key]; found {
		return evaluator, nil
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), emulated)
	made[key] = evaluator
	return evaluator, err
}

func answerTo(evaluators map[int]policy.Evaluator, each question) (answer, error) {
	// Decoded as the API server decodes: case-sensitive, unknown fields passed over.
	var pod corev1.Pod
	if err := kjson.UnmarshalCaseSensitivePreserveInts(each.Pod, &pod); err != nil {
		return answer{Error: err.Error()}, nil
	}
	said := answer{Judgements: make([]judgement, len(each.Policies))}
	for i, by := range each.Policies {
		var err error
		if said.Judgements[i], err = judge(evaluators, &pod, by); err != nil {
			return answer{}, err
		}
	}
	return said, nil
}

func judge(evaluators map[int]policy.Evaluator, pod *corev1.Pod, by asked) (judgement, error) {
	lv, err := levelVersion(by)
	if err != nil {
		return judgement{}, err
	}
	evaluator, err := evaluatorFor(evaluators, by.Server)
	if err != nil {
		return judgement{}, err
	}
	results := evaluator.EvaluatePod(lv, &pod.ObjectMeta, &pod.Spec)
	said := judgement{Results: make([]result, len(results))}
	for i, each := range results {
		said.Results[i] = result{each.Allowed, each.ForbiddenReason, each.ForbiddenDetail}
	}
	if all := policy.AggregateCheckResults(results); !all.Allowed {
		said.Reason, said.Detail = all.ForbiddenReason(), all.ForbiddenDetail()
	}
	return said, nil
}

// A namespace has labels, on an API server with defaults for enforce, audit and warn.
type namespace struct {
	Labels   map[string]string `json:"labels"`
	Defaults [3]asked          `json:"defaults"`
}

// A policy is what the labels of a namespace ask for.
type resolved struct {
	Modes  [3]string `json:"modes"`
	Errors []string  `json:"errors"`
	All    string    `json:"all"`
}

func labels(in io.Reader, out io.Writer) error {
	decoder, encoder := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		var requested []namespace
		if err := decoder.Decode(&requested); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		answers := make([]resolved, len(requested))
		for i, each := range requested {
			var err error
			if answers[i], err = resolve(each); err != nil {
				return err
			}
		}
		if err := encoder.Encode(answers); err != nil {
			return err
		}
	}
}

func resolve(each namespace) (resolved, error) {
	var defaults [3]api.LevelVersion
	for i, by := range each.Defaults {
		var err error
		if defaults[i], err = levelVersion(by); err != nil {
			return resolved{}, err
		}
	}
	policy, errs := api.PolicyToEvaluate(each.Labels,
		api.Policy{Enforce: defaults[0], Audit: defaults[1], Warn: defaults[2]})
	said := resolved{
		Modes:  [3]string{policy.Enforce.String(), policy.Audit.String(), policy.Warn.String()},
		Errors: []string{},
	}
	for _, err := range errs {
		said.Errors = append(said.Errors, err.Error())
	}
	if len(errs) > 0 {
		said.All = errs.ToAggregate().Error()
	}
	return said, nil
}

func levelVersion(by asked) (api.LevelVersion, error) {
	level, err := api.ParseLevel(by.Level)
	if err != nil {
		return api.LevelVersion{}, err
	}
	version, err := api.ParseVersion(by.Version)
	return api.LevelVersion{Level: level, Version: version}, err
}

// A run judges one pod by one policy many times.
type run struct {
	Pod    json.RawMessage `json:"pod"`
	Policy asked           `json:"policy"`
	Rounds int             `json:"rounds"`
}

// Taken is how long the rounds took together, and whether the pod is allowed.
type taken struct {
	Nanoseconds int64 `json:"nanoseconds"`
	Allowed     bool  `json:"allowed"`
}

// timed measures the evaluator alone, on one thread that it shares with the collector of its garbage.
func timed(in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(1)
	evaluators := map[int]policy.Evaluator{}
	decoder, encoder := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var requested run
		if err := decoder.Decode(&requested); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var pod corev1.Pod
		if err := kjson.UnmarshalCaseSensitivePreserveInts(requested.Pod, &pod); err != nil {
			return err
		}
		by, err := levelVersion(requested.Policy)
		if err != nil {
			return err
		}
		evaluator, err := evaluatorFor(evaluators, requested.Policy.Server)
		if err != nil {
			return err
		}
		var results []policy.CheckResult
		begin := time.Now()
		for range requested.Rounds {
			results = evaluator.EvaluatePod(by, &pod.ObjectMeta, &pod.Spec)
		}
		spent := time.Since(begin)
		said := taken{spent.Nanoseconds(), policy.AggregateCheckResults(results).Allowed}
		if err := encoder.Encode(said); err != nil {
			return err
		}
	}
}

// bounds writes the characters at which strconv.IsPrint changes its mind.
func bounds(out io.Writer) error {
	writer := bufio.NewWriter(out)
	was := false
	for char := rune(0); char <= utf8.MaxRune; char++ {
		if is := strconv.IsPrint(char); is != was {
			fmt.Fprintf(writer, "%#x, ", char)
			was = is
		}
	}
	return writer.Flush()
}
