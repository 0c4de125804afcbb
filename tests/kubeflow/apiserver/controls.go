package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	argo "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/gorilla/mux"
	v1 "github.com/kubeflow/pipelines/backend/api/v1beta1/go_client"
	v2 "github.com/kubeflow/pipelines/backend/api/v2beta1/go_client"
	"github.com/kubeflow/pipelines/backend/src/apiserver/model"
	"github.com/kubeflow/pipelines/backend/src/apiserver/resource"
	"github.com/kubeflow/pipelines/backend/src/apiserver/server"
	"github.com/kubeflow/pipelines/backend/src/common/util"
	"google.golang.org/grpc/metadata"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// controls is what stands in for the cluster's controllers.
type controls struct {
	manager *resource.ResourceManager
	clients *clients
	runs    *server.RunServer
	reports *server.ReportServer
	mutex   sync.Mutex
}

func (c *controls) register(router *mux.Router) {
	router.HandleFunc("/_test/runs/{run}", c.show).Methods(http.MethodGet)
	router.HandleFunc("/_test/runs/{run}", c.move).Methods(http.MethodPost)
	router.HandleFunc("/_test/objects/{key:.+}", c.store).Methods(http.MethodPut)
	router.HandleFunc("/_test/logs/{pod}", c.clients.pods.write).Methods(http.MethodPut)
}

// move is what Argo's controller did to a workflow, all of it optional.
type move struct {
	// Phase is one of Argo's: Pending, Running, Succeeded, Failed, Error.
	Phase   argo.WorkflowPhase `json:"phase"`
	Message string             `json:"message"`
	// Nodes are in Argo's own form; of one that has only a `displayName`, the rest is made up. They come on top of earlier ones.
	Nodes    []argo.NodeStatus `json:"nodes"`
	Started  *time.Time        `json:"started"`
	Finished *time.Time        `json:"finished"`
	// Metrics are reported for a node, as the persistence agent does with what it finds in `mlpipeline-metrics`.
	Metrics []metric `json:"metrics"`
}

type metric struct {
	Name   string  `json:"name"`
	Node   string  `json:"node_id"`
	Value  float64 `json:"number_value"`
	Format string  `json:"format"`
}

func (c *controls) move(answer http.ResponseWriter, request *http.Request) {
	var wanted move
	decoder := json.NewDecoder(request.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wanted); err != nil {
		fail(answer, http.StatusBadRequest, err)
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	run, workflow, err := c.find(request)
	if err != nil {
		fail(answer, http.StatusNotFound, err)
		return
	}
	advance(workflow, run.UUID, wanted)
	if err := c.report(request.Context(), run.UUID, workflow, wanted.Metrics); err != nil {
		fail(answer, http.StatusInternalServerError, err)
		return
	}
	write(answer, workflow)
}

func (c *controls) show(answer http.ResponseWriter, request *http.Request) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if _, workflow, err := c.find(request); err != nil {
		fail(answer, http.StatusNotFound, err)
	} else {
		write(answer, workflow)
	}
}

func (c *controls) store(answer http.ResponseWriter, request *http.Request) {
	content, err := io.ReadAll(request.Body)
	if err == nil {
		err = c.clients.ObjectStore().AddFile(content, mux.Vars(request)["key"])
	}
	if err != nil {
		fail(answer, http.StatusInternalServerError, err)
	}
}

// find gives a run and its workflow, which is the one that Kubernetes has.
func (c *controls) find(request *http.Request) (*model.Run, *argo.Workflow, error) {
	run, err := c.manager.GetRun(mux.Vars(request)["run"])
	if err != nil {
		return nil, nil, err
	}
	where := run.Namespace
	if where == "" {
		where = namespace
	}
	found, err := c.clients.ExecClientFake.Execution(where).Get(request.Context(), run.K8SName, meta.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	workflow, ok := found.(*util.Workflow)
	if !ok {
		return nil, nil, fmt.Errorf("%T is no workflow", found)
	}
	return run, workflow.Workflow, nil
}

// advance changes a workflow as asked.
func advance(workflow *argo.Workflow, run string, wanted move) {
	if workflow.UID == "" {
		workflow.UID = types.UID(run)
		workflow.CreationTimestamp = meta.Now()
	}
	status := &workflow.Status
	if wanted.Phase != "" {
		status.Phase = wanted.Phase
	}
	if wanted.Message != "" {
		status.Message = wanted.Message
	}
	final := util.NewWorkflow(workflow).IsInFinalState()
	status.StartedAt = when(wanted.Started, status.StartedAt, status.Phase != argo.WorkflowPending)
	status.FinishedAt = when(wanted.Finished, status.FinishedAt, final)
	if !final {
		status.FinishedAt = meta.Time{}
	}
	if status.Nodes == nil {
		status.Nodes = argo.Nodes{}
	}
	if status.Phase != "" && status.Phase != argo.WorkflowPending {
		// Argo has a node for the whole.
		whole := status.Nodes[workflow.Name]
		whole.ID, whole.Name, whole.DisplayName, whole.Type = workflow.Name, workflow.Name, workflow.Name, argo.NodeTypeDAG
		whole.TemplateName = workflow.Spec.Entrypoint
		whole.Phase, whole.Message = argo.NodePhase(status.Phase), status.Message
		whole.StartedAt, whole.FinishedAt = status.StartedAt, status.FinishedAt
		status.Nodes[workflow.Name] = whole
	}
	for _, node := range wanted.Nodes {
		if node.Name == "" {
			node.Name = workflow.Name + "." + node.DisplayName
		}
		if node.ID == "" {
			node.ID = workflow.NodeID(node.Name)
		}
		if node.Type == "" {
			node.Type = argo.NodeTypePod
		}
		if node.Phase == "" {
			node.Phase = argo.NodePhase(status.Phase)
		}
		node.StartedAt = when(nil, node.StartedAt, node.Phase != argo.NodePending)
		node.FinishedAt = when(nil, node.FinishedAt, node.Fulfilled())
		status.Nodes[node.ID] = node
	}
}

// when is the time asked for, or the one it was, or now where there must be one.
func when(asked *time.Time, was meta.Time, needed bool) meta.Time {
	switch {
	case asked != nil:
		return meta.NewTime(*asked)
	case needed && was.IsZero():
		return meta.Now()
	default:
		return was
	}
}

// report does what the persistence agent does when it sees a workflow: the workflow goes to the server, and then its metrics.
func (c *controls) report(ctx context.Context, run string, workflow *argo.Workflow, more []metric) error {
	ctx = metadata.NewIncomingContext(ctx, metadata.Pairs(identityHeader, agent))
	text, err := json.Marshal(workflow)
	if err != nil {
		return err
	}
	if _, err := c.reports.ReportWorkflow(ctx, &v2.ReportWorkflowRequest{Workflow: string(text)}); err != nil {
		return err
	}
	status := util.NewWorkflow(workflow).ExecutionStatus()
	found, problems := status.CollectionMetrics(func(request *v1.ReadArtifactRequest) (*v1.ReadArtifactResponse, error) {
		return c.runs.ReadArtifactV1(ctx, request)
	})
	for _, metric := range more {
		format := v1.RunMetric_Format(v1.RunMetric_Format_value[metric.Format])
		found = append(found, &v1.RunMetric{
			Name: metric.Name, NodeId: metric.Node, Format: format,
			Value: &v1.RunMetric_NumberValue{NumberValue: metric.Value},
		})
	}
	if len(found) > 0 {
		answer, err := c.runs.ReportRunMetricsV1(ctx, &v1.ReportRunMetricsRequest{RunId: run, Metrics: found})
		if err != nil {
			return err
		}
		for _, result := range answer.Results {
			// An agent reports again and again, so what is there already is no problem.
			known := result.Status == v1.ReportRunMetricsResponse_ReportRunMetricResult_DUPLICATE_REPORTING
			if result.Status != v1.ReportRunMetricsResponse_ReportRunMetricResult_OK && !known {
				problems = append(problems, fmt.Errorf("metric %s of %s: %s", result.MetricName, result.MetricNodeId, result.Message))
			}
		}
	}
	return errors.Join(problems...)
}

func write(answer http.ResponseWriter, content any) {
	answer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(answer).Encode(content)
}

func fail(answer http.ResponseWriter, status int, problem error) {
	http.Error(answer, problem.Error(), status)
}
