// Writes runs into ML Metadata with the client that Kubeflow's driver and launcher have: `launcher HOST:PORT < runs.json`.
//
// The runs are in the form of `Filler` in `mlmd.py`, as a list, each with its id as `run`; parts of pipelines are not known here.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"github.com/kubeflow/pipelines/backend/src/v2/metadata"
	pb "github.com/kubeflow/pipelines/third_party/ml-metadata/go/ml_metadata"
	"google.golang.org/protobuf/types/known/structpb"
)

type run struct {
	Run        string         `json:"run"`
	Pipeline   string         `json:"pipeline"`
	Parameters map[string]any `json:"parameters"`
	Tasks      []task         `json:"tasks"`
}

type task struct {
	Name       string               `json:"name"`
	State      string               `json:"state"`
	Parameters map[string]any       `json:"parameters"`
	Results    map[string]any       `json:"results"`
	Outputs    map[string]output    `json:"outputs"`
	Inputs     map[string][2]string `json:"inputs"`
	Cached     []string             `json:"cached"`
}

type output struct {
	Type   string         `json:"type"`
	URI    string         `json:"uri"`
	Values map[string]any `json:"values"`
}

// The root that Kubeflow has where nothing else is set.
const root = "minio://mlpipeline/v2/artifacts"

func main() {
	_ = flag.Set("logtostderr", "true")
	flag.Parse()
	host, port, err := net.SplitHostPort(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	client, err := metadata.NewClient(host, port)
	if err != nil {
		log.Fatal(err)
	}
	var runs []run
	if err := json.NewDecoder(os.Stdin).Decode(&runs); err != nil {
		log.Fatal(err)
	}
	w := &writer{client: client, executions: map[[2]string]int64{}, artifacts: map[[3]string]int64{}}
	for _, run := range runs {
		if err := w.write(context.Background(), run); err != nil {
			log.Fatalf("run %s: %v", run.Run, err)
		}
	}
}

type writer struct {
	client     *metadata.Client
	executions map[[2]string]int64
	artifacts  map[[3]string]int64
}

func (w *writer) write(ctx context.Context, run run) error {
	pipeline, err := w.client.GetPipeline(ctx, run.Pipeline, run.Run, "kubeflow", "run-resource", root)
	if err != nil {
		return err
	}
	whole, err := w.client.CreateExecution(ctx, pipeline, &metadata.ExecutionConfig{
		ExecutionType:   metadata.DagExecutionTypeName,
		Name:            "run/" + run.Run,
		InputParameters: fields(run.Parameters),
	})
	if err != nil {
		return err
	}
	for _, task := range run.Tasks {
		if err := w.writeTask(ctx, run, pipeline, whole.GetID(), task); err != nil {
			return fmt.Errorf("task %s: %w", task.Name, err)
		}
	}
	return nil
}

func (w *writer) writeTask(ctx context.Context, run run, pipeline *metadata.Pipeline, parent int64, task task) error {
	config := &metadata.ExecutionConfig{
		TaskName:         task.Name,
		ExecutionType:    metadata.ContainerExecutionTypeName,
		ParentDagID:      parent,
		InputParameters:  fields(task.Parameters),
		InputArtifactIDs: map[string][]int64{},
		NotTriggered:     task.State == "CANCELED",
	}
	if config.InputParameters == nil {
		// The driver's map is empty, and never absent.
		config.InputParameters = map[string]*structpb.Value{}
	}
	if !config.NotTriggered {
		config.FingerPrint = "fingerprint-of-" + task.Name
	}
	for slot, from := range task.Inputs {
		config.InputArtifactIDs[slot] = []int64{w.artifacts[[3]string{run.Run, from[0], from[1]}]}
	}
	var cached int64
	if len(task.Cached) == 2 {
		cached = w.executions[[2]string{task.Cached[0], task.Cached[1]}]
		config.CachedMLMDExecutionID = strconv.FormatInt(cached, 10)
	}
	execution, err := w.client.CreateExecution(ctx, pipeline, config)
	if err != nil {
		return err
	}
	w.executions[[2]string{run.Run, task.Name}] = execution.GetID()
	if config.NotTriggered {
		return nil
	}
	if cached != 0 {
		return w.reuse(ctx, run, task, execution, cached)
	}
	pod := &metadata.ExecutionConfig{PodName: task.Name + "-pod", PodUID: run.Run + "-" + task.Name, Namespace: "kubeflow"}
	if execution, err = w.client.PrePublishExecution(ctx, execution, pod); err != nil || task.State == "RUNNING" {
		return err
	}
	var made []*metadata.OutputArtifact
	for name, output := range task.Outputs {
		artifact, err := w.record(ctx, run, task, name, output)
		if err != nil {
			return err
		}
		made = append(made, artifact)
	}
	state := pb.Execution_COMPLETE
	if task.State != "" {
		state = pb.Execution_State(pb.Execution_State_value[task.State])
	}
	return w.client.PublishExecution(ctx, execution, fields(task.Results), made, state)
}

// reuse does what the driver does with a task that it finds in its cache.
func (w *writer) reuse(ctx context.Context, run run, task task, execution *metadata.Execution, cached int64) error {
	earlier, err := w.client.GetExecution(ctx, cached)
	if err != nil {
		return err
	}
	_, results, err := earlier.GetParameters()
	if err != nil {
		return err
	}
	outputs, err := w.client.GetOutputArtifactsByExecutionId(ctx, cached)
	if err != nil {
		return err
	}
	var made []*metadata.OutputArtifact
	for _, output := range outputs {
		made = append(made, output)
		w.artifacts[[3]string{run.Run, task.Name, output.Name}] = output.Artifact.GetId()
	}
	return w.client.PublishExecution(ctx, execution, results, made, pb.Execution_CACHED)
}

func (w *writer) record(ctx context.Context, run run, task task, name string, output output) (*metadata.OutputArtifact, error) {
	if output.Type == "" {
		output.Type = "system.Metrics"
	}
	if output.URI == "" {
		output.URI = fmt.Sprintf("%s/%s/%s/%s/%s", root, run.Pipeline, run.Run, task.Name, name)
	}
	values, err := structpb.NewStruct(output.Values)
	if err != nil {
		return nil, err
	}
	artifact, err := w.client.RecordArtifact(ctx, name, "title: "+output.Type, &pipelinespec.RuntimeArtifact{Uri: output.URI, Metadata: values}, pb.Artifact_LIVE)
	if err == nil {
		w.artifacts[[3]string{run.Run, task.Name, name}] = artifact.Artifact.GetId()
	}
	return artifact, err
}

// fields is a map as protobuf has it; an absent one stays absent.
func fields(values map[string]any) map[string]*structpb.Value {
	if values == nil {
		return nil
	}
	made, err := structpb.NewStruct(values)
	if err != nil {
		log.Fatal(err)
	}
	return made.Fields
}
