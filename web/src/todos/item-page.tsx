export default function ItemPage({ id }: { id: string }) {
  return id;
}
