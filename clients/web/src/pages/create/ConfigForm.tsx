import { memo } from "react";
import type { Algorithm } from "../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import type { FieldProblem } from "../../rpc/problems";
import type { SweepForm } from "../../store/sweepConfig";
import type { Edit } from "./edit";
import { MethodSection } from "./MethodSection";
import { ObjectivesSection } from "./ObjectivesSection";
import { SpaceSection } from "./SpaceSection";
import { StoppingSection } from "./StoppingSection";
import { SweepSection } from "./SweepSection";

interface Props {
  readonly form: SweepForm;
  readonly problems: readonly FieldProblem[];
  readonly algorithms: readonly Algorithm[];
  readonly edit: Edit;
}

/** The parts of a config that most sweeps have; the rest stays as the text has it. */
export const ConfigForm = memo(function ConfigForm({ form, problems, algorithms, edit }: Props) {
  return (
    <>
      <SweepSection form={form} problems={problems} edit={edit} />
      <ObjectivesSection form={form} problems={problems} edit={edit} />
      <SpaceSection form={form} problems={problems} edit={edit} />
      <MethodSection form={form} problems={problems} algorithms={algorithms} edit={edit} />
      <StoppingSection form={form} problems={problems} algorithms={algorithms} edit={edit} />
    </>
  );
});
