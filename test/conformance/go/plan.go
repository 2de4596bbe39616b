package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// An entry is one spec against one issuer.
type entry struct {
	spec
	issuer issuerTemplate
}

func makePlan(issuers []issuerTemplate, options options) []entry {
	var plan []entry
	for _, issuer := range issuers {
		for _, spec := range allSpecs() {
			if options.focus.MatchString(spec.title()) {
				plan = append(plan, entry{spec, issuer})
			}
		}
	}
	return plan
}

// A result as it is printed.
type result struct {
	Suite        string `json:"suite"`
	Spec         string `json:"spec"`
	Issuer       string `json:"issuer"`
	Outcome      string `json:"outcome"`
	Reason       string `json:"reason,omitempty"`
	Milliseconds int64  `json:"milliseconds"`
}

// execute runs the plan and prints each result when it is there.
func execute(ctx context.Context, cluster *cluster, plan []entry, options options, out *json.Encoder) error {
	if err := out.Encode(map[string]int{"planned": len(plan)}); err != nil {
		return err
	}
	queue := make(chan entry)
	results := make(chan result)
	var workers sync.WaitGroup
	for range options.workers {
		workers.Go(func() {
			for entry := range queue {
				results <- runEntry(ctx, cluster, entry, options)
			}
		})
	}
	go func() {
		for _, entry := range plan {
			queue <- entry
		}
		close(queue)
		workers.Wait()
		close(results)
	}()
	var failure error
	for result := range results {
		failure = errors.Join(failure, out.Encode(result))
	}
	return failure
}

func runEntry(ctx context.Context, cluster *cluster, entry entry, options options) (ended result) {
	begun := time.Now()
	ended = result{Suite: entry.suite, Spec: entry.name, Issuer: entry.issuer.label, Outcome: "passed"}
	defer func() {
		// A spec that panics has found something, and must not take the others with it.
		if panicked := recover(); panicked != nil {
			ended.Outcome, ended.Reason = "failed", fmt.Sprint("panic: ", panicked)
		}
		ended.Milliseconds = time.Since(begun).Milliseconds()
	}()
	err := runSpec(ctx, cluster, entry, options)
	var skipped skip
	switch {
	case errors.As(err, &skipped):
		ended.Outcome, ended.Reason = "skipped", skipped.Error()
	case err != nil:
		ended.Outcome, ended.Reason = "failed", err.Error()
	}
	return ended
}

func runSpec(ctx context.Context, cluster *cluster, entry entry, options options) error {
	for _, feature := range entry.requires {
		if options.unsupported[feature] {
			return skip(fmt.Sprintf("needs %s, which is declared unsupported", feature))
		}
	}
	if entry.run == nil {
		return errors.New("this spec has no port")
	}
	scene, err := newScene(ctx, cluster, entry, options)
	if err != nil {
		return err
	}
	defer scene.clear(context.WithoutCancel(ctx))
	if err := entry.run(ctx, scene); err != nil {
		return scene.explain(ctx, err)
	}
	return nil
}
