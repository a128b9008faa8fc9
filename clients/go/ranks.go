package wanllmdb

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// launcher starts several processes of one program, and sets variables in each: its rank among all,
// its rank on the machine or that of the machine, and others that tell one launch from another.
type launcher struct{ ofAll, ofMachine, others []string }

var launchers = []launcher{
	{
		[]string{"RANK"},
		[]string{"LOCAL_RANK", "NODE_RANK", "GROUP_RANK"},
		[]string{"MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"},
	},
	{
		[]string{"SLURM_PROCID"},
		[]string{"SLURM_LOCALID"},
		[]string{"SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_STEPID"},
	},
	{
		[]string{"OMPI_COMM_WORLD_RANK"},
		[]string{"OMPI_COMM_WORLD_LOCAL_RANK"},
		[]string{"OMPI_COMM_WORLD_SIZE", "OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE"},
	},
	{
		[]string{"PMI_RANK", "PMIX_RANK"},
		[]string{"MPI_LOCALRANKID"},
		[]string{"PMI_SIZE", "PMI_ID", "PMIX_NAMESPACE"},
	},
	{
		[]string{"MV2_COMM_WORLD_RANK"},
		[]string{"MV2_COMM_WORLD_LOCAL_RANK"},
		[]string{"MV2_COMM_WORLD_SIZE"},
	},
	{
		[]string{"JSM_NAMESPACE_RANK"},
		[]string{"JSM_NAMESPACE_LOCAL_RANK"},
		[]string{"JSM_NAMESPACE_SIZE"},
	},
	{[]string{"FLUX_TASK_RANK"}, []string{"FLUX_TASK_LOCAL_ID"}, []string{"FLUX_JOB_ID"}},
}

// silentRank returns the variable, such as RANK=2, by which this process of a child only reads its
// parameters; empty if it reports.
func (o options) silentRank() string {
	if o.flagged("WANLLMDB_ALL_RANKS") {
		return ""
	}
	// An agent may have a rank itself, which says nothing about its children.
	var ofAgent map[string]any
	if json.Unmarshal([]byte(o.getenv("WANLLMDB_AGENT_RANKS")), &ofAgent) != nil {
		ofAgent = nil
	}
	var started []launcher
	for _, each := range launchers {
		if slices.ContainsFunc(slices.Concat(each.ofAll, each.ofMachine, each.others),
			func(name string) bool {
				agents, _ := ofAgent[name].(string)
				return o.getenv(name) != agents
			}) {
			started = append(started, each)
		}
	}
	for _, each := range started {
		for _, name := range each.ofAll {
			if rank, ok := o.rank(name); ok {
				return silentFor(name, rank)
			}
		}
	}
	for _, each := range started {
		for _, name := range each.ofMachine {
			if rank, ok := o.rank(name); ok && rank != 0 {
				return silentFor(name, rank)
			}
		}
	}
	return ""
}

func (o options) rank(variable string) (uint64, bool) {
	rank, err := strconv.ParseUint(strings.TrimSpace(o.getenv(variable)), 10, 64)
	return rank, err == nil
}

func silentFor(name string, rank uint64) string {
	if rank == 0 {
		return ""
	}
	return name + "=" + strconv.FormatUint(rank, 10)
}
