package main

import (
	"bytes"
	"io"
	"net/http"
	"path"
	"sync"

	"github.com/gorilla/mux"
	"github.com/kubeflow/pipelines/backend/src/apiserver/client"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/rest/fake"
)

// podLogs is a Kubernetes that knows nothing of pods but what they wrote.
type podLogs struct {
	mutex sync.Mutex
	logs  map[string][]byte
}

func (p *podLogs) PodClient(string) typed.PodInterface { return pods{p, &client.FakePodClient{}} }

type pods struct {
	*podLogs
	*client.FakePodClient
}

func (p pods) GetLogs(pod string, _ *core.PodLogOptions) *rest.Request {
	return (&fake.RESTClient{
		NegotiatedSerializer: scheme.Codecs.WithoutConversion(),
		GroupVersion:         schema.GroupVersion{Version: "v1"},
		VersionedAPIPath:     "/api/v1",
		Client:               fake.CreateHTTPClient(p.answer),
	}).Get().Namespace(namespace).Resource("pods").Name(pod).SubResource("log")
}

func (p *podLogs) answer(request *http.Request) (*http.Response, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": []string{"text/plain"}}}
	log, known := p.logs[path.Base(path.Dir(request.URL.Path))]
	if !known {
		answer.StatusCode = http.StatusNotFound
		answer.Header.Set("Content-Type", "application/json")
		log = []byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods not found","reason":"NotFound","code":404}`)
	}
	answer.Body = io.NopCloser(bytes.NewReader(log))
	return answer, nil
}

// write is what a pod wrote.
func (p *podLogs) write(answer http.ResponseWriter, request *http.Request) {
	log, err := io.ReadAll(request.Body)
	if err != nil {
		fail(answer, http.StatusBadRequest, err)
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.logs[mux.Vars(request)["pod"]] = log
}
